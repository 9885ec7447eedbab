//! A session bus of the test's own, on which nothing starts by itself.

use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use crate::process::Process;
use crate::stage::Stage;

/// Unlike the system's own configuration it names no folders of services: what is not started is not there.
const CONFIGURATION: &str = r#"<busconfig>
  <type>session</type>
  <listen>unix:dir=@FOLDER@</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#;

/// A running bus.
#[derive(Debug)]
pub struct Bus {
    /// For `DBUS_SESSION_BUS_ADDRESS`.
    pub address: String,
    _process: Process,
}

impl Bus {
    /// Starts it on a socket in the test's folder.
    pub async fn start(stage: &Stage) -> Self {
        let folder = stage.subfolder("bus");
        let file = folder.join("bus.conf");
        let text = CONFIGURATION.replace("@FOLDER@", &folder.to_string_lossy());
        std::fs::write(&file, text).expect("the test's folder can be written");
        let mut command = Command::new("dbus-daemon");
        command.arg("--config-file").arg(&file).args(["--nofork", "--print-address=1"]).stdin(Stdio::null());
        let process = stage.start("dbus", command);
        let address = |line: &str| line.starts_with("unix:").then(|| line.to_owned());
        let (_, address) = process.log.find(0, Duration::from_secs(30), "its address", address).await;
        Self { address, _process: process }
    }
}
