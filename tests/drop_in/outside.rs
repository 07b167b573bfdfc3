//! Outside a check, drop-in types do what their namesakes do. The same code is run with both, and must come to the same.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::Duration;

/// What happened, in words.
type Log = Vec<String>;

/// The same code, with the types of one module.
macro_rules! with {
    ($name:ident, $($sync:ident)::+) => {
        mod $name {
            use super::*;
            use $($sync)::+::atomic::{AtomicBool, AtomicI8, AtomicU64, AtomicUsize, Ordering::SeqCst, fence};
            use $($sync)::+::mpsc::{channel, sync_channel};
            use $($sync)::+::{Arc, Barrier, Condvar, LazyLock, Mutex, Once, OnceLock, PoisonError, RwLock, TryLockError};

            pub fn run() -> Log {
                let mut log = Log::new();
                mutexes(&mut log);
                rwlocks(&mut log);
                waiting(&mut log);
                onces(&mut log);
                channels(&mut log);
                atomics(&mut log);
                log
            }

            fn mutexes(log: &mut Log) {
                let mutex = Arc::new(Mutex::new(1));
                *mutex.lock().unwrap() += 1;
                let guard = mutex.lock().unwrap();
                let other = Arc::clone(&mutex);
                let tried = thread::spawn(move || match other.try_lock() {
                    Ok(_) => "taken",
                    Err(TryLockError::WouldBlock) => "would block",
                    Err(TryLockError::Poisoned(_)) => "poisoned",
                });
                log.push(tried.join().unwrap().to_owned());
                drop(guard);
                let breaks = catch_unwind(AssertUnwindSafe(|| {
                    let mut guard = mutex.lock().unwrap();
                    *guard = 7;
                    panic!("broken");
                }));
                log.push(format!("{} {}", breaks.is_err(), mutex.is_poisoned()));
                log.push(format!("{:?}", mutex.try_lock().map(|guard| *guard).map_err(|error| error.to_string())));
                log.push(format!("{:?}", mutex.lock().map(|guard| *guard).map_err(|error| error.to_string())));
                log.push(format!("{}", *mutex.lock().unwrap_or_else(PoisonError::into_inner)));
                mutex.clear_poison();
                log.push(format!("{:?}", mutex.lock().map(|guard| *guard).map_err(drop)));
                let mut mutex = Arc::into_inner(mutex).unwrap();
                *mutex.get_mut().unwrap() += 1;
                log.push(format!("{}", mutex.into_inner().unwrap()));
                log.push(format!("{}", *Mutex::<u8>::default().lock().unwrap()));
            }

            fn rwlocks(log: &mut Log) {
                let lock = RwLock::new(3);
                let (first, second) = (lock.read().unwrap(), lock.try_read().unwrap());
                log.push(format!("{} {} {}", *first, *second, lock.try_write().is_err()));
                drop((first, second));
                *lock.write().unwrap() += 1;
                // A reader's panic breaks nothing, a writer's does.
                drop(catch_unwind(AssertUnwindSafe(|| {
                    let _guard = lock.read().unwrap();
                    panic!("a reader");
                })));
                log.push(format!("{}", lock.is_poisoned()));
                drop(catch_unwind(AssertUnwindSafe(|| {
                    let _guard = lock.write().unwrap();
                    panic!("a writer");
                })));
                log.push(format!("{} {}", lock.is_poisoned(), lock.read().is_err()));
                lock.clear_poison();
                log.push(format!("{}", lock.into_inner().unwrap()));
            }

            fn waiting(log: &mut Log) {
                let pair = Arc::new((Mutex::new(false), Condvar::new(), Barrier::new(2)));
                let other = Arc::clone(&pair);
                let waiter = thread::spawn(move || {
                    let (mutex, condvar, barrier) = &*other;
                    let guard = condvar.wait_while(mutex.lock().unwrap(), |ready| !*ready).unwrap();
                    let ready = *guard;
                    drop(guard);
                    (ready, barrier.wait().is_leader())
                });
                *pair.0.lock().unwrap() = true;
                pair.1.notify_all();
                let led = pair.2.wait().is_leader();
                let (ready, leads) = waiter.join().unwrap();
                log.push(format!("{ready} {}", led ^ leads));
                let (guard, result) = pair.1.wait_timeout(pair.0.lock().unwrap(), Duration::from_millis(1)).unwrap();
                log.push(format!("{} {}", *guard, result.timed_out()));
            }

            fn onces(log: &mut Log) {
                let (once, lock) = (Once::new(), OnceLock::new());
                let mut done = 0;
                log.push(format!("{} {:?}", once.is_completed(), lock.get()));
                once.call_once(|| done += 1);
                once.call_once(|| done += 1);
                log.push(format!("{done} {}", once.is_completed()));
                log.push(format!("{} {:?} {:?}", lock.get_or_init(|| 5), lock.set(6), lock.get()));
                let once = Once::new();
                let breaks = catch_unwind(AssertUnwindSafe(|| once.call_once(|| panic!("broken"))));
                let again = catch_unwind(AssertUnwindSafe(|| once.call_once(|| ())));
                log.push(format!("{} {}", breaks.is_err(), again.is_err()));
                let lazy = LazyLock::new(|| 5);
                log.push(format!("{} {}", *lazy, LazyLock::force(&lazy)));
                let lazy = LazyLock::new(|| -> u8 { panic!("broken") });
                let breaks = catch_unwind(AssertUnwindSafe(|| *lazy));
                let again = catch_unwind(AssertUnwindSafe(|| *lazy)).map_err(|panic| panic.is::<&str>());
                log.push(format!("{} {again:?}", breaks.is_err()));
            }

            fn channels(log: &mut Log) {
                let (sender, receiver) = channel();
                let other = sender.clone();
                thread::spawn(move || other.send(1).unwrap()).join().unwrap();
                sender.send(2).unwrap();
                log.push(format!("{:?} {:?} {:?}", receiver.recv(), receiver.try_recv(), receiver.try_recv()));
                drop(sender);
                log.push(format!("{:?} {:?}", receiver.recv(), receiver.try_recv()));
                let (sender, receiver) = channel();
                drop(receiver);
                log.push(format!("{:?}", sender.send(3)));
                let (sender, receiver) = sync_channel(1);
                sender.send(1).unwrap();
                log.push(format!("{:?} {:?}", sender.try_send(2), receiver.recv_timeout(Duration::from_secs(9))));
                log.push(format!("{:?}", receiver.recv_timeout(Duration::from_millis(1))));
                drop(sender);
                log.push(format!("{:?}", receiver.iter().collect::<Vec<u8>>()));
            }

            fn atomics(log: &mut Log) {
                let (count, flag, small) = (AtomicU64::new(5), AtomicBool::new(false), AtomicI8::new(127));
                log.push(format!("{} {}", count.fetch_sub(6, SeqCst), count.load(SeqCst)));
                log.push(format!("{} {}", small.fetch_add(1, SeqCst), small.load(SeqCst)));
                log.push(format!("{} {}", flag.swap(true, SeqCst), flag.fetch_xor(true, SeqCst)));
                log.push(format!("{:?}", count.compare_exchange(1, 2, SeqCst, SeqCst)));
                log.push(format!("{:?}", count.fetch_update(SeqCst, SeqCst, |held| held.checked_add(1))));
                count.store(3, SeqCst);
                log.push(format!("{:?}", count.fetch_update(SeqCst, SeqCst, |held| held.checked_add(1))));
                while count.compare_exchange_weak(4, 9, SeqCst, SeqCst).is_err() {}
                log.push(format!("{} {}", count.fetch_max(11, SeqCst), count.fetch_min(2, SeqCst)));
                log.push(format!("{count:?} {}", AtomicUsize::from(8).into_inner()));
                fence(SeqCst);
                let wrong = [std::sync::atomic::Ordering::Release];
                log.push(format!("{}", catch_unwind(|| AtomicBool::new(true).load(wrong[0])).is_err()));
            }
        }
    };
}

with!(std_types, std::sync);
with!(drop_in_types, oversell::drop_in::sync);

#[test]
fn they_are_what_their_namesakes_are() {
    let (of_std, ours) = (std_types::run(), drop_in_types::run());
    assert_eq!(ours, of_std);
    assert!(of_std.len() > 30);
}

#[test]
fn guards_and_locks_cross_threads_as_those_of_std_do() {
    fn shared<T: Send + Sync>() {}
    shared::<oversell::drop_in::sync::Mutex<u8>>();
    shared::<oversell::drop_in::sync::RwLock<u8>>();
    shared::<oversell::drop_in::sync::atomic::AtomicU8>();
    shared::<oversell::drop_in::sync::OnceLock<u8>>();
    shared::<oversell::drop_in::sync::mpsc::Sender<u8>>();
}
