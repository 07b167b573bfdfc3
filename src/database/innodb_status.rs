//! Who waits for whom, read from `SHOW ENGINE INNODB STATUS`: the tables for that in information_schema are copies
//! that may be a tenth of a second old.

use super::Wait;

/// One transaction of the list.
#[derive(Debug, Default)]
struct Transaction {
    thread: u64,
    waits: bool,
    locks: Vec<Lock>,
}

/// A lock on one record, or on the gap before it.
#[derive(Debug, PartialEq, Eq)]
struct Lock {
    /// Space, page and index.
    place: String,
    mode: String,
    record: String,
    waits: bool,
}

/// Which of these connections wait, and for which connections.
pub(super) fn waits(status: &str, connections: &[u64]) -> Vec<Option<Wait>> {
    let transactions = transactions(status);
    let wait = |connection: &u64| {
        let waiter = transactions.iter().find(|transaction| transaction.thread == *connection && transaction.waits)?;
        let wanted: Vec<_> = waiter.locks.iter().filter(|lock| lock.waits).collect();
        let others = || transactions.iter().filter(|other| other.thread != *connection && other.thread != 0);
        let in_the_way =
            |other: &&Transaction| other.locks.iter().any(|lock| wanted.iter().any(|wanted| conflicts(wanted, lock)));
        let mut holders: Vec<_> = others().filter(in_the_way).map(|other| other.thread).collect();
        if holders.is_empty() {
            // Its locks are not shown: it is one of those that have any.
            holders = others().map(|other| other.thread).collect();
        }
        holders.sort_unstable();
        Some(Wait { holders, since: wanted.first().map(|lock| lock.record.clone()).unwrap_or_default() })
    };
    connections.iter().map(wait).collect()
}

fn conflicts(wanted: &Lock, held: &Lock) -> bool {
    let shared = |lock: &Lock| lock.mode.starts_with("mode S") || lock.mode.starts_with("lock_mode S");
    wanted.place == held.place && wanted.record == held.record && !(shared(wanted) && shared(held))
}

fn transactions(status: &str) -> Vec<Transaction> {
    let mut transactions: Vec<Transaction> = Vec::new();
    let listed = status.split("LIST OF TRANSACTIONS FOR EACH SESSION:").nth(1).unwrap_or_default();
    let listed = listed.split("\n--------\nFILE I/O").next().unwrap_or_default();
    // The lock that is waited for is shown twice; the first time it stands under this line.
    let mut skip = false;
    let mut place: Option<(String, String, bool)> = None;
    for line in listed.lines() {
        if line.starts_with("---TRANSACTION") {
            transactions.push(Transaction::default());
            (skip, place) = (false, None);
            continue;
        }
        let Some(transaction) = transactions.last_mut() else { continue };
        if line.starts_with("LOCK WAIT") {
            transaction.waits = true;
        } else if let Some(rest) =
            line.strip_prefix("MariaDB thread id ").or_else(|| line.strip_prefix("MySQL thread id "))
        {
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            transaction.thread = digits.parse().unwrap_or(0);
        } else if line.starts_with("------- TRX HAS BEEN WAITING") {
            skip = true;
        } else if line.starts_with("------------------") {
            skip = false;
        } else if skip {
        } else if line.starts_with("RECORD LOCKS") {
            let of = line.split(" trx id ").next().unwrap_or_default();
            let of = of.split(" n bits ").next().unwrap_or_default().to_owned();
            let mode = line.find("lock_mode ").or_else(|| line.find("lock mode ")).map(|at| line[at..].to_owned());
            place = Some((of, mode.unwrap_or_default().replace("lock mode", "lock_mode"), line.ends_with(" waiting")));
        } else if let (Some(rest), Some((of, mode, waits))) = (line.strip_prefix("Record lock, heap no "), &place) {
            let record = rest.split(' ').next().unwrap_or_default().to_owned();
            transaction.locks.push(Lock { place: of.clone(), mode: mode.clone(), record, waits: *waits });
        }
    }
    transactions
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS: &str = "LIST OF TRANSACTIONS FOR EACH SESSION:
---TRANSACTION 8, ACTIVE 1 sec starting index read
mysql tables in use 1, locked 1
LOCK WAIT 2 lock struct(s), heap size 1128, 1 row lock(s)
MariaDB thread id 6, OS thread handle 140024995620544, query id 14 localhost root Updating
update o.stock set count=0
------- TRX HAS BEEN WAITING 437504 us FOR THIS LOCK TO BE GRANTED:
RECORD LOCKS space id 1 page no 3 n bits 320 index PRIMARY of table `o`.`stock` trx id 8 lock_mode X waiting
Record lock, heap no 2 PHYSICAL RECORD: n_fields 4; compact format; info bits 0
------------------
TABLE LOCK table `o`.`stock` trx id 8 lock mode IX
RECORD LOCKS space id 1 page no 3 n bits 320 index PRIMARY of table `o`.`stock` trx id 8 lock_mode X waiting
Record lock, heap no 2 PHYSICAL RECORD: n_fields 4; compact format; info bits 0
---TRANSACTION 7, ACTIVE 1 sec
2 lock struct(s), heap size 1128, 2 row lock(s), undo log entries 1
MariaDB thread id 5, OS thread handle 140025031648960, query id 12 localhost root User sleep
RECORD LOCKS space id 1 page no 3 n bits 320 index PRIMARY of table `o`.`stock` trx id 7 lock_mode X
Record lock, heap no 1 PHYSICAL RECORD: n_fields 1; compact format; info bits 0
Record lock, heap no 2 PHYSICAL RECORD: n_fields 4; compact format; info bits 0
---TRANSACTION 9, ACTIVE 0 sec
MariaDB thread id 9, OS thread handle 140025031648960, query id 12 localhost root
RECORD LOCKS space id 1 page no 3 n bits 320 index PRIMARY of table `o`.`stock` trx id 9 lock_mode X
Record lock, heap no 1 PHYSICAL RECORD: n_fields 1; compact format; info bits 0
--------
FILE I/O
";

    #[test]
    fn who_waits_waits_for_the_holder_of_that_record() {
        let found = waits(STATUS, &[6, 5]);
        assert_eq!(found[0].as_ref().map(|wait| wait.holders.clone()), Some(vec![5]));
        assert_eq!(found[1], None);
    }
}
