//! The service as processes of their own: killed without warning, and several over one database.

mod kill;
mod ledger;
mod order;
mod persons;

use std::{
    io::{BufRead, BufReader},
    net::TcpListener,
    path::PathBuf,
    process::{Child, Stdio},
    sync::{Arc, Mutex},
};

use entity::{account, client};
use sea_orm::{EntityTrait, sea_query::Expr};
use serde_json::Value;
use tokio::sync::oneshot;
use zhiqiao::{
    config::Secret,
    db::{Db, Reach},
};

use crate::{
    app::{Caller, TestApp, http},
    tour::on,
};

/// The address that stands in every token, on whichever port the service comes up again.
const PUBLIC_URL: &str = "http://zhiqiao.test";

/// Makes the demo's secrets those of real clients, because `serve` refuses the demo's, and lets go of the database.
async fn prepare(app: &TestApp) {
    let db = app.house.db.write();
    client::Entity::update_many().col_expr(client::Column::IsDemo, Expr::value(false)).exec(db).await.unwrap();
    account::Entity::update_many().col_expr(account::Column::IsDemo, Expr::value(false)).exec(db).await.unwrap();
    app.house.db.clone().close().await.unwrap();
}

/// A connection of the test's own, beside those of the services.
async fn connect(app: &TestApp) -> Db {
    let reach = Reach {
        url: Secret::new(app.url()),
        max_connections: 2,
        acquire_timeout: std::time::Duration::from_secs(30),
        statement_timeout: None,
    };
    Db::connect(&reach).await.unwrap()
}

/// What the services of a test are started over.
#[derive(Clone, Debug)]
struct Place {
    url: String,
    dir: PathBuf,
}

impl Place {
    fn of(app: &TestApp) -> Self {
        Self { url: app.url().to_owned(), dir: app.dir().to_owned() }
    }
}

/// `zhiqiao serve` in a process of its own; killed when dropped.
struct Process {
    child: Child,
    base: String,
    ready: Option<oneshot::Receiver<bool>>,
    log: Arc<Mutex<String>>,
}

impl Process {
    /// Starts one on a port that was free a moment ago.
    fn start(place: &Place) -> Self {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut child = on(&place.url, &place.dir)
            .arg("serve")
            .env("ZHIQIAO_LISTEN", address.to_string())
            .env("ZHIQIAO_PUBLIC_URL", PUBLIC_URL)
            .env("ZHIQIAO_LOG__FORMAT", "json")
            // What is tried here comes faster than a school's night.
            .env("ZHIQIAO_RATE__ENABLED", "false")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (tell, ready) = oneshot::channel();
        let log = Arc::new(Mutex::new(String::new()));
        let (lines, kept) = (BufReader::new(child.stderr.take().unwrap()).lines(), Arc::clone(&log));
        std::thread::spawn(move || {
            let mut tell = Some(tell);
            for line in lines.map_while(Result::ok) {
                let is_ready = line.contains("\"ready\"");
                kept.lock().unwrap().push_str(&format!("{line}\n"));
                if let Some(tell) = tell.take_if(|_| is_ready) {
                    let _killed_meanwhile = tell.send(true);
                }
            }
        });
        Self { child, base: format!("http://{address}"), ready: Some(ready), log }
    }

    /// Waits until it takes requests; whether it does.
    async fn ready(&mut self) -> bool {
        match self.ready.take() {
            // An end without the word is the end of the process.
            Some(told) => told.await.unwrap_or(false),
            None => true,
        }
    }

    /// One that takes requests, on whichever port.
    async fn serve(place: &Place) -> Self {
        loop {
            let mut process = Self::start(place);
            if process.ready().await {
                return process;
            }
            process.kill();
            // Somebody else took the port in between; anything else is a fault.
            assert!(process.said().contains("cannot listen on"), "it did not come up:\n{}", process.said());
        }
    }

    /// What it has logged.
    fn said(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// SIGKILL: no destructor, no handler, no goodbye.
    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// A client of the prepared database with a token: `school-62001`.
    async fn client(&self, name: &str) -> Caller {
        let http = http();
        let answer = http
            .post(format!("{}/oauth/token", self.base))
            .basic_auth(format!("demo-{name}"), Some(format!("demo-{name}-secret")))
            .form(&[("grant_type", "client_credentials")])
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 200, "{name}");
        let body: Value = answer.json().await.unwrap();
        Caller { base: self.base.clone(), http, token: body["access_token"].as_str().map(str::to_owned) }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Gone already where the test has killed it.
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// Where the settings of a test come from: `TEST_LONG=1`, `TEST_SEED=…`.
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
