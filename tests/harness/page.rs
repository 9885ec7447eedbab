//! A page in a browser, driven by WebDriver as a person would see it.

use std::time::Duration;

use fantoccini::elements::Element;
use fantoccini::key::Key;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Map, Value, json};

pub(crate) const LIMIT: Duration = Duration::from_secs(30);

/// Chooses as a person does: the list is told of the change.
const CHOOSE: &str = "const [list, words] = arguments;
    const option = [...list.options].find((one) => one.text.trim() === words);
    if (!option) return false;
    list.selectedIndex = option.index;
    list.dispatchEvent(new Event('change', { bubbles: true }));
    return true;";

const OPTIONS: &str = "return [...arguments[0].options].map((one) => one.text.trim())";

/// An open page. What is clicked and read goes by its visible words and its accessible names.
#[derive(Debug)]
pub struct Page {
    client: Client,
}

impl Page {
    /// Asks the driver on this port for a page, as soon as it listens.
    pub(crate) async fn open(port: u16, capabilities: Map<String, Value>) -> Self {
        let url = format!("http://127.0.0.1:{port}");
        let mut last = String::new();
        for _ in 0..40 {
            match ClientBuilder::new(HttpConnector::new()).capabilities(capabilities.clone()).connect(&url).await {
                Ok(client) => return Self { client },
                Err(error) => last = error.to_string(),
            }
            // Nobody listens there yet.
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        panic!("no WebDriver session: {last}");
    }

    /// Goes to an address.
    pub async fn go(&self, url: &str) {
        self.client.goto(url).await.unwrap_or_else(|error| panic!("{url} can't be opened: {error}"));
    }

    /// Clicks the button, link or tab of this name.
    pub async fn press(&self, name: &str) {
        let found = self.find(&format!("a button {name:?}"), &control(name)).await;
        found.click().await.unwrap_or_else(|error| panic!("{name:?} can't be clicked: {error}"));
    }

    /// Clicks the one of this number, counted from 0, of all that a CSS selector finds.
    pub async fn press_nth(&self, selector: &str, number: usize) {
        let found = self.client.wait().at_most(LIMIT).for_element(Locator::Css(selector)).await;
        found.unwrap_or_else(|error| panic!("there is no {selector}: {error}"));
        let all = self.client.find_all(Locator::Css(selector)).await.expect("the page answers");
        let one = all.get(number).unwrap_or_else(|| panic!("there are only {} of {selector}", all.len()));
        one.click().await.unwrap_or_else(|error| panic!("{selector} can't be clicked: {error}"));
    }

    /// Types into the field of this label, in place of what stood there.
    pub async fn fill(&self, label: &str, text: &str) {
        let field = self.field(label).await;
        field.clear().await.expect("a field can be emptied");
        field.send_keys(text).await.expect("a field takes keys");
    }

    /// Types into the field of this label and presses Enter.
    pub async fn enter(&self, label: &str, text: &str) {
        self.fill(label, text).await;
        self.press_enter(label).await;
    }

    /// Presses Enter in the field of this label.
    pub async fn press_enter(&self, label: &str) {
        self.field(label).await.send_keys(&String::from(char::from(Key::Enter))).await.expect("a field takes keys");
    }

    /// Chooses in the list of this label what is called so, as soon as it is there.
    pub async fn choose(&self, label: &str, option: &str) {
        let list = self.field(label).await;
        let list = serde_json::to_value(&list).expect("an element has a name");
        let choose = async {
            while self.client.execute(CHOOSE, vec![list.clone(), json!(option)]).await.ok() != Some(json!(true)) {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        if tokio::time::timeout(LIMIT, choose).await.is_err() {
            let options = self.client.execute(OPTIONS, vec![list]).await.unwrap_or_default();
            panic!("{label:?} has no {option:?} but {options}");
        }
    }

    /// Waits until these words can be read somewhere in the window.
    pub async fn reads(&self, words: &str) {
        let path = format!("//body//*[contains(normalize-space(.), {}) and not(self::script)]", quoted(words));
        self.find(&format!("the words {words:?}"), &path).await;
    }

    /// Waits until these words can't be read any more.
    pub async fn reads_no_longer(&self, words: &str) {
        let script = "return !document.body.innerText.includes(arguments[0])";
        let wait = async {
            while self.client.execute(script, vec![json!(words)]).await.ok() != Some(json!(true)) {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(LIMIT, wait).await.unwrap_or_else(|_| panic!("the window still reads {words:?}"));
    }

    /// All that can be read.
    pub async fn text(&self) -> String {
        let text = self.client.execute("return document.body.innerText", vec![]).await.expect("the page runs");
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Runs JavaScript in the page.
    pub async fn run(&self, script: &str) -> Value {
        self.client.execute(script, vec![]).await.expect("the page runs")
    }

    /// Waits until a line of JavaScript gives something other than null, and gives that.
    pub async fn shows(&self, script: &str) -> Value {
        let ask = async {
            loop {
                match self.client.execute(script, vec![]).await {
                    Ok(value) if !value.is_null() => return value,
                    Ok(_) | Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                }
            }
        };
        match tokio::time::timeout(LIMIT, ask).await {
            Ok(value) => value,
            Err(_) => panic!("{script:?} gives nothing; the page reads:\n{}", self.text().await),
        }
    }

    /// Ends the session; the page goes with it.
    pub(crate) async fn end(&self) {
        let _ = tokio::time::timeout(LIMIT, self.client.clone().close()).await;
    }

    async fn field(&self, label: &str) -> Element {
        let words = quoted(label);
        let path = format!(
            "//*[(self::input or self::textarea or self::select) and (@aria-label={words} or \
             @id=//label[contains(normalize-space(.), {words})]/@for or ancestor::label[contains(normalize-space(.), {words})])]"
        );
        self.find(&format!("a field {label:?}"), &path).await
    }

    async fn find(&self, what: &str, path: &str) -> Element {
        match self.client.wait().at_most(LIMIT).for_element(Locator::XPath(path)).await {
            Ok(element) => element,
            Err(error) => panic!("the window has no {what} ({error}); it reads:\n{}", self.text().await),
        }
    }
}

/// A button, link, tab or option by its accessible name, else by the words on it.
fn control(name: &str) -> String {
    let words = quoted(name);
    format!(
        "//*[(self::button or self::a or @role='button' or @role='tab' or @role='option' or @role='radio' or @role='switch' or @role='menuitem') \
         and (@aria-label={words} or normalize-space(.)={words} or @aria-labelledby=//*[normalize-space(.)={words}]/@id)]"
    )
}

/// A text as XPath writes it, which knows no escapes.
fn quoted(text: &str) -> String {
    if text.contains('\'') { format!("\"{text}\"") } else { format!("'{text}'") }
}
