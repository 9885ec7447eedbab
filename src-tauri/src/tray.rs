//! The tray's icon, where the system has a tray.

use std::sync::Mutex;

use tauri::image::Image;
use tauri::menu::{MenuBuilder, MenuEvent, MenuItem};
use tauri::tray::{MouseButton, MouseButtonState, TrayIcon, TrayIconBuilder, TrayIconEvent};
use tauri::{AppHandle, Manager, Runtime, Theme, Wry};

use crate::app::Desktop;
use crate::controller::{TrayLook, TrayState};

const OPEN: &str = "open";
const QUIT: &str = "quit";

/// The tray, or nothing where the system has none.
pub(crate) struct Tray {
    shown: Mutex<Option<Shown>>,
}

struct Shown {
    icon: TrayIcon<Wry>,
    open: MenuItem<Wry>,
    quit: MenuItem<Wry>,
}

impl Tray {
    pub(crate) fn new(app: &AppHandle) -> Self {
        let shown = is_available().then(|| build(app)).and_then(|built| match built {
            Ok(shown) => Some(shown),
            Err(error) => {
                tracing::warn!("there will be no tray icon: {error}");
                None
            }
        });
        Self { shown: Mutex::new(shown) }
    }

    pub(crate) fn is_there(&self) -> bool {
        self.shown.lock().is_ok_and(|shown| shown.is_some())
    }

    pub(crate) fn show(&self, look: &TrayLook, theme: Theme) {
        let Ok(shown) = self.shown.lock() else { return };
        let Some(shown) = shown.as_ref() else { return };
        if let Err(error) = shown.show(look, theme) {
            tracing::warn!("the tray icon could not be changed: {error}");
        }
    }
}

impl Shown {
    fn show(&self, look: &TrayLook, theme: Theme) -> tauri::Result<()> {
        self.icon.set_icon(Some(icon(look.state, theme)?))?;
        self.icon.set_tooltip(Some(&look.tooltip))?;
        self.open.set_text(&look.open)?;
        self.quit.set_text(&look.quit)
    }
}

fn build(app: &AppHandle) -> tauri::Result<Shown> {
    let open = MenuItem::with_id(app, OPEN, "Bellbird", true, None::<&str>)?;
    let quit = MenuItem::with_id(app, QUIT, "Quit", true, None::<&str>)?;
    let menu = MenuBuilder::new(app).item(&open).separator().item(&quit).build()?;
    let icon = TrayIconBuilder::with_id("phone")
        .icon(icon(TrayState::Offline, Theme::Dark)?)
        .icon_as_template(true)
        .menu(&menu)
        .show_menu_on_left_click(false)
        .on_menu_event(on_menu)
        .on_tray_icon_event(|tray, event| on_click(tray.app_handle(), &event))
        .build(app)?;
    Ok(Shown { icon, open, quit })
}

fn on_menu<R: Runtime>(app: &AppHandle<R>, event: MenuEvent) {
    match event.id().as_ref() {
        OPEN => app.state::<Desktop>().open(&[]),
        QUIT => app.state::<Desktop>().quit(),
        _ => {}
    }
}

fn on_click<R: Runtime>(app: &AppHandle<R>, event: &TrayIconEvent) {
    if let TrayIconEvent::Click { button: MouseButton::Left, button_state: MouseButtonState::Up, .. } = event {
        app.state::<Desktop>().open(&[]);
    }
}

/// In the system's text colour: light on a dark panel.
fn icon(state: TrayState, theme: Theme) -> tauri::Result<Image<'static>> {
    let dark = matches!(theme, Theme::Dark) && !cfg!(target_os = "macos");
    Image::from_bytes(match (state, dark) {
        (TrayState::Offline, true) => include_bytes!("../../assets/icons/tray/offline-light.png"),
        (TrayState::Offline, false) => include_bytes!("../../assets/icons/tray/offline-dark.png"),
        (TrayState::Ready, true) => include_bytes!("../../assets/icons/tray/ready-light.png"),
        (TrayState::Ready, false) => include_bytes!("../../assets/icons/tray/ready-dark.png"),
        (TrayState::DoNotDisturb, true) => include_bytes!("../../assets/icons/tray/dnd-light.png"),
        (TrayState::DoNotDisturb, false) => include_bytes!("../../assets/icons/tray/dnd-dark.png"),
        (TrayState::InCall, true) => include_bytes!("../../assets/icons/tray/call-light.png"),
        (TrayState::InCall, false) => include_bytes!("../../assets/icons/tray/call-dark.png"),
    })
}

/// On Linux the tray's library is loaded when it is first used, and a missing one would be a panic.
#[cfg(target_os = "linux")]
fn is_available() -> bool {
    const NAMES: [&str; 2] = ["libayatana-appindicator3.so.1", "libappindicator3.so.1"];
    let has_bus = std::env::var_os("DBUS_SESSION_BUS_ADDRESS").is_some();
    let found = NAMES.iter().any(|name| {
        // SAFETY: the library's initialisers are those that run when the tray loads it a moment later; nothing of it is
        // called here.
        #[allow(unsafe_code)]
        unsafe { libloading::Library::new(name) }.is_ok()
    });
    if !found {
        tracing::info!("there is no tray: libayatana-appindicator3 is not installed");
    }
    has_bus && found
}

#[cfg(not(target_os = "linux"))]
const fn is_available() -> bool {
    true
}
