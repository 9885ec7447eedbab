//! The desktop by way of Tauri.

use bellbird_contract::{Levels, PhoneView};
use tauri::{AppHandle, Emitter, Manager, Theme, UserAttentionType, WebviewWindow};
use tauri_plugin_notification::NotificationExt;

use crate::controller::{Announcement, Shell, TrayLook};
use crate::tray::Tray;

/// The one window's label.
pub(crate) const MAIN: &str = "main";

/// The desktop by way of Tauri.
pub(crate) struct TauriShell {
    app: AppHandle,
    tray: Tray,
}

impl TauriShell {
    pub(crate) fn new(app: &AppHandle) -> Self {
        Self { app: app.clone(), tray: Tray::new(app) }
    }

    /// A window that comes up because it rings leaves the keyboard where it is.
    #[cfg(target_os = "linux")]
    pub(crate) fn keep_focus_on_ringing(&self) {
        use gtk::prelude::GtkWindowExt as _;
        self.with_window(|window| {
            window.gtk_window()?.set_focus_on_map(false);
            Ok(())
        });
    }

    #[cfg(not(target_os = "linux"))]
    pub(crate) const fn keep_focus_on_ringing(&self) {}

    /// Does something to the window. What fails there fails visibly enough; a phone goes on.
    fn with_window(&self, act: impl FnOnce(&WebviewWindow) -> tauri::Result<()>) {
        let done = self.app.get_webview_window(MAIN).map(|window| act(&window));
        if let Some(Err(error)) = done {
            tracing::warn!("the window did not obey: {error}");
        }
    }

    fn emit<T: serde::Serialize + Clone>(&self, event: &str, payload: &T) {
        if let Err(error) = self.app.emit_to(MAIN, event, payload) {
            tracing::warn!("the page was not told of {event}: {error}");
        }
    }

    fn theme(&self) -> Theme {
        self.app.get_webview_window(MAIN).and_then(|window| window.theme().ok()).unwrap_or(Theme::Dark)
    }
}

impl Shell for TauriShell {
    fn show_view(&self, view: &PhoneView) {
        self.emit("phone-view", view);
    }

    fn show_levels(&self, levels: Levels) {
        self.emit("phone-levels", &levels);
    }

    fn announce(&self, announcement: &Announcement) {
        let notification = self.app.notification().builder().title(&announcement.title).body(&announcement.body);
        if let Err(error) = notification.show() {
            tracing::warn!("there is no notification: {error}");
        }
    }

    fn raise(&self) {
        self.with_window(|window| {
            window.unminimize()?;
            window.set_always_on_top(true)?;
            window.show()?;
            window.request_user_attention(Some(UserAttentionType::Critical))
        });
    }

    fn lower(&self) {
        self.with_window(|window| {
            window.set_always_on_top(false)?;
            window.request_user_attention(None)
        });
    }

    fn focus(&self) {
        self.with_window(|window| {
            window.unminimize()?;
            window.show()?;
            window.set_focus()
        });
    }

    fn hide(&self) {
        self.with_window(WebviewWindow::hide);
    }

    fn show_tray(&self, look: &TrayLook) {
        self.tray.show(look, self.theme());
    }

    fn has_tray(&self) -> bool {
        self.tray.is_there()
    }

    fn exit(&self) {
        self.app.exit(0);
    }
}
