//! Chromium, for the portal.

use std::ops::Deref;

use serde_json::{Map, Value, json};
use tokio::process::Command;

use crate::page::Page;
use crate::ports::free_port;
use crate::process::Process;
use crate::stage::Stage;

/// A browser of the test's own, and the [`Page`] in it. It speaks English and keeps nothing.
#[derive(Debug)]
pub struct Browser {
    page: Page,
    driver: Process,
}

impl Deref for Browser {
    type Target = Page;

    fn deref(&self) -> &Page {
        &self.page
    }
}

impl Browser {
    /// Opens it.
    pub async fn open(stage: &Stage) -> Self {
        let (port, folder) = (free_port(), stage.subfolder("chromium"));
        let mut command = Command::new("chromedriver");
        command.arg(format!("--port={port}")).env("HOME", &folder);
        let driver = stage.start("chromedriver", command);
        let profile = format!("--user-data-dir={}", folder.join("profile").display());
        let page = Page::open(port, capabilities(&profile)).await;
        Self { page, driver }
    }

    /// Closes it.
    pub async fn close(mut self) {
        self.page.end().await;
        self.driver.stop().await;
    }
}

/// As root it has no sandbox; where nothing answers, what it looks for on its own would only cost time.
fn capabilities(profile: &str) -> Map<String, Value> {
    let arguments = [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--lang=en",
        "--window-size=1280,900",
        profile,
    ];
    let options = json!({ "args": arguments, "prefs": { "intl.accept_languages": "en" } });
    Map::from_iter([("goog:chromeOptions".to_owned(), options)])
}
