//! Chromium without a window, over its own pipe: messages of the DevTools protocol, each ended by a zero byte.
//!
//! The browser is told and asked directly, so neither a driver nor a crate stands between, and no port is opened.

use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(120);

const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// A browser without a window, for all who want a tab in it at the same time. It goes with the last of them.
struct Browser {
    child: Mutex<Child>,
    to: Mutex<ChildStdin>,
    sent: AtomicU64,
    /// Who is told what is said in a session; what is said in none goes to the empty name.
    heard: Arc<Mutex<HashMap<String, Sender<Value>>>>,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// The one that is open, or a new one; `Err` says why there is none.
    fn shared() -> Result<Arc<Self>, String> {
        static OPEN: Mutex<Weak<Browser>> = Mutex::new(Weak::new());
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(browser) = open.upgrade() {
            return Ok(browser);
        }
        let browser = Arc::new(Browser::start()?);
        *open = Arc::downgrade(&browser);
        Ok(browser)
    }

    fn start() -> Result<Self, String> {
        let installed = |name: &&&str| {
            let asked = Command::new(name).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
            asked.is_ok_and(|status| status.success())
        };
        let Some(name) = NAMES.iter().find(installed) else {
            return Err(format!("no browser is installed: none of {}", NAMES.join(", ")));
        };
        let profile = tempfile::tempdir().map_err(|error| error.to_string())?;
        // It reads from descriptor 3 and writes to 4, which only a shell can give it without unsafe code.
        let mut child = Command::new("sh")
            .args(["-c", "exec \"$0\" \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1", name])
            .args(["--headless", "--no-sandbox", "--remote-debugging-pipe", "--no-first-run", "--disable-gpu"])
            .args(["--disable-dev-shm-usage", "--disable-background-networking", "--force-color-profile=srgb"])
            .args(["--disable-extensions", "--disable-component-update", "--disable-sync"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| error.to_string())?;
        let (to, out) = (child.stdin.take().expect("it is piped"), child.stdout.take().expect("it is piped"));
        let heard = Arc::new(Mutex::new(HashMap::<String, Sender<Value>>::new()));
        let hearing = heard.clone();
        std::thread::spawn(move || {
            let mut out = BufReader::new(out);
            let mut message = Vec::new();
            while out.read_until(0, &mut message).is_ok_and(|read| read > 0) {
                message.pop();
                let Ok(value) = serde_json::from_slice::<Value>(&message) else { break };
                message.clear();
                if let Some(tab) = hearing.lock().unwrap().get(value["sessionId"].as_str().unwrap_or_default()) {
                    // Whoever has left misses nothing.
                    drop(tab.send(value));
                }
            }
            // Nobody waits for a browser that is gone.
            hearing.lock().unwrap().clear();
        });
        let (to, sent) = (Mutex::new(to), AtomicU64::new(0));
        Ok(Browser { child: Mutex::new(child), to, sent, heard, _profile: profile })
    }

    /// Sends a message, and says its number.
    fn send(&self, session: &str, method: &str, params: &Value) -> std::io::Result<u64> {
        let id = self.sent.fetch_add(1, Ordering::Relaxed);
        let mut message = json!({ "id": id, "method": method, "params": params });
        if !session.is_empty() {
            message["sessionId"] = json!(session);
        }
        self.to.lock().unwrap().write_all(format!("{message}\0").as_bytes())?;
        Ok(id)
    }

    fn hear(&self, session: &str) -> Receiver<Value> {
        let (sender, receiver) = channel();
        self.heard.lock().unwrap().insert(session.to_owned(), sender);
        receiver
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let child = self.child.get_mut().unwrap_or_else(PoisonError::into_inner);
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// A tab, in a session of its own.
pub struct Tab {
    browser: Arc<Browser>,
    target: Value,
    session: String,
    from: Receiver<Value>,
    /// What the page has complained about: console errors and uncaught exceptions.
    pub errors: Vec<String>,
    loads: usize,
}

impl Tab {
    /// Opens one; `Err` says why there is no browser.
    pub fn new() -> Result<Self, String> {
        static ONE: Mutex<()> = Mutex::new(());
        let browser = Browser::shared()?;
        // What is said in no session is heard by one at a time.
        let one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        let (session, from) = (String::new(), browser.hear(""));
        let mut tab = Tab { browser, target: Value::Null, session, from, errors: Vec::new(), loads: 0 };
        // In a window of its own, which no other lies on.
        tab.target =
            tab.call("Target.createTarget", json!({ "url": "about:blank", "newWindow": true }))["targetId"].clone();
        let attached = tab.call("Target.attachToTarget", json!({ "targetId": tab.target, "flatten": true }));
        drop(one);
        tab.session = attached["sessionId"].as_str().expect("it is a string").to_owned();
        tab.from = tab.browser.hear(&tab.session);
        for domain in ["Page", "Runtime", "Log"] {
            tab.call(&format!("{domain}.enable"), json!({}));
        }
        Ok(tab)
    }

    /// Sends a message and waits for its answer.
    pub fn call(&mut self, method: &str, params: Value) -> Value {
        let id = self.browser.send(&self.session, method, &params).expect("the browser is there");
        loop {
            let answer = self.next(method);
            if answer["id"] == json!(id) {
                assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
                return answer["result"].clone();
            }
        }
    }

    /// The next message, of which events are taken note.
    fn next(&mut self, waiting_for: &str) -> Value {
        let message = self.from.recv_timeout(PATIENCE);
        let message = message.unwrap_or_else(|error| panic!("the browser does not answer {waiting_for}: {error}"));
        let params = &message["params"];
        match message["method"].as_str() {
            Some("Page.loadEventFired") => self.loads += 1,
            Some("Runtime.exceptionThrown") => self.errors.push(params["exceptionDetails"].to_string()),
            Some("Runtime.consoleAPICalled") if matches!(params["type"].as_str(), Some("error" | "warning")) => {
                self.errors.push(params["args"].to_string());
            }
            Some("Log.entryAdded") if params["entry"]["level"] == "error" => {
                self.errors.push(params["entry"].to_string());
            }
            _ => {}
        }
        message
    }

    /// Opens a file, perhaps at a place in it, and waits until it is there.
    pub fn open(&mut self, file: &Path, hash: &str) {
        // From another page, so that it is loaded anew even if only the place differs.
        for url in ["about:blank".to_owned(), format!("file://{}{hash}", file.display())] {
            let loads = self.loads;
            self.call("Page.navigate", json!({ "url": url }));
            while self.loads == loads {
                self.next("Page.navigate");
            }
        }
    }

    /// What an expression comes to in the page.
    pub fn eval(&mut self, expression: &str) -> Value {
        let asked = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let answer = self.call("Runtime.evaluate", asked);
        assert!(answer["exceptionDetails"].is_null(), "{expression}\n{}", answer["exceptionDetails"]);
        answer["result"]["value"].clone()
    }

    /// How long the page's own thread works while something is done, in milliseconds of processor time: what else the machine
    /// does is not in it.
    pub fn busy<R>(&mut self, mut act: impl FnMut(&mut Self) -> R) -> (f64, R) {
        self.call("Performance.enable", json!({ "timeDomain": "threadTicks" }));
        let before = self.worked();
        let done = act(self);
        (1000.0 * (self.worked() - before), done)
    }

    fn worked(&mut self) -> f64 {
        let metrics = self.call("Performance.getMetrics", json!({}));
        let of = |metric: &&Value| metric["name"] == "TaskDuration";
        let metric = metrics["metrics"].as_array().and_then(|all| all.iter().find(of).cloned());
        metric.and_then(|metric| metric["value"].as_f64()).expect("the browser measures it")
    }

    /// Presses a key.
    pub fn key(&mut self, key: &str) {
        let text = if key.chars().count() == 1 { key } else { "" };
        let code = match key {
            "Home" => 36,
            "End" => 35,
            "ArrowLeft" => 37,
            "ArrowUp" => 38,
            "ArrowRight" => 39,
            "ArrowDown" => 40,
            "Escape" => 27,
            "Enter" => 13,
            _ => 0,
        };
        for (kind, text) in [("keyDown", text), ("keyUp", "")] {
            let event = json!({ "type": kind, "key": key, "text": text, "windowsVirtualKeyCode": code });
            self.call("Input.dispatchKeyEvent", event);
        }
    }

    /// Clicks in the middle of the element that a selector finds.
    pub fn click(&mut self, selector: &str) {
        let place = format!(
            "(() => {{ const e = document.querySelector({}); e.scrollIntoView({{ block: 'center' }}); \
             const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; }})()",
            json!(selector)
        );
        let place = self.eval(&place);
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({ "type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1 });
            self.call("Input.dispatchMouseEvent", event);
        }
    }

    /// Makes the window so wide and high.
    pub fn resize(&mut self, width: u32, height: u32) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", size);
    }

    /// What the system prefers, as pages see it.
    pub fn prefer(&mut self, feature: &str, value: &str) {
        let features = json!([{ "name": feature, "value": value }]);
        self.call("Emulation.setEmulatedMedia", json!({ "features": features }));
    }

    /// A picture of what is to be seen, as a PNG.
    pub fn screenshot(&mut self) -> Vec<u8> {
        let shot = self.call("Page.captureScreenshot", json!({ "format": "png" }));
        decoded(shot["data"].as_str().unwrap_or_default())
    }
}

/// What base64 stands for.
fn decoded(text: &str) -> Vec<u8> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits: Vec<_> = text.bytes().filter_map(|c| DIGITS.iter().position(|digit| *digit == c)).collect();
    let bytes = digits.chunks(4).flat_map(|four| {
        let bits = four.iter().fold(0, |bits, digit| bits << 6 | digit) << (6 * (4 - four.len()));
        [bits >> 16, bits >> 8, bits].map(|byte| byte as u8).into_iter().take(four.len() - 1)
    });
    bytes.collect()
}

impl Drop for Tab {
    fn drop(&mut self) {
        // A browser that is gone has closed it.
        drop(self.browser.send("", "Target.closeTarget", &json!({ "targetId": self.target })));
        self.browser.heard.lock().unwrap().remove(&self.session);
    }
}
