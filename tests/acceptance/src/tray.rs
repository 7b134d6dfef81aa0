//! A desktop that shows trays, as far as a program can see it: the StatusNotifier watcher of the session bus, with a
//! host. Reads and presses the menu of what registers.
//! <https://www.freedesktop.org/wiki/Specifications/StatusNotifierItem/>

use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use gio::glib::{self, ToVariant as _, Variant};

const NAME: &str = "org.kde.StatusNotifierWatcher";
const FACE: &str = r#"<node><interface name="org.kde.StatusNotifierWatcher">
  <method name="RegisterStatusNotifierItem"><arg direction="in" type="s"/></method>
  <property name="IsStatusNotifierHostRegistered" type="b" access="read"/>
  <property name="ProtocolVersion" type="i" access="read"/>
</interface></node>"#;

type Items = Arc<Mutex<Vec<(String, String)>>>;

/// The desktop; gone when dropped.
pub struct Trays {
    items: Items,
    bus: gio::DBusConnection,
    turning: glib::MainLoop,
}

impl Trays {
    /// Begins to show trays on the session bus of the test.
    pub fn show() -> Self {
        let address = std::env::var("DBUS_SESSION_BUS_ADDRESS").expect("a session bus: dbus-run-session");
        let items = Items::default();
        let known = Arc::clone(&items);
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || {
            let context = glib::MainContext::new();
            let turn = || {
                let flags = gio::DBusConnectionFlags::AUTHENTICATION_CLIENT
                    | gio::DBusConnectionFlags::MESSAGE_BUS_CONNECTION;
                let bus =
                    gio::DBusConnection::for_address_sync(&address, flags, None, gio::Cancellable::NONE)
                        .expect("the session bus");
                let face =
                    gio::DBusNodeInfo::for_xml(FACE).expect("well-formed").lookup_interface(NAME).unwrap();
                bus.register_object(
                    "/StatusNotifierWatcher",
                    &face,
                    move |_, sender, _, _, _, arguments, call| {
                        let path: String = arguments.child_value(0).get().unwrap_or_default();
                        known.lock().unwrap().push((sender.to_owned(), path));
                        call.return_value(None);
                    },
                    |_, _, _, _, name| match name {
                        "ProtocolVersion" => 0_i32.to_variant(),
                        _ => true.to_variant(),
                    },
                    |_, _, _, _, _, _| false,
                )
                .expect("the watcher");
                let own = (NAME, 4_u32).to_variant();
                ask(
                    &bus,
                    "org.freedesktop.DBus",
                    "/org/freedesktop/DBus",
                    "org.freedesktop.DBus",
                    "RequestName",
                    &own,
                );
                let turning = glib::MainLoop::new(Some(&context), false);
                tell.send((bus, turning.clone())).unwrap();
                turning.run();
            };
            context.with_thread_default(turn).unwrap();
        });
        let (bus, turning) = told.recv_timeout(Duration::from_secs(5)).expect("trays are shown");
        Self { items, bus, turning }
    }

    /// Waits until a tray has a line that holds `text`; the lines of its menu.
    pub fn wait_for(&self, text: &str) -> Vec<String> {
        let end = Instant::now() + Duration::from_secs(10);
        loop {
            let lines: Vec<String> = self.menu().into_iter().map(|(_, label)| label).collect();
            if lines.iter().any(|line| line.contains(text)) {
                return lines;
            }
            assert!(Instant::now() < end, "no tray says {text:?}: {lines:?} of {:?}", self.items.lock());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Presses a line of the menu.
    pub fn press(&self, label: &str) {
        let (id, _) =
            self.menu().into_iter().find(|(_, l)| l == label).unwrap_or_else(|| panic!("no {label}"));
        let (owner, menu) = self.latest().expect("a tray");
        let event = (id, "clicked", Variant::from_variant(&0_i32.to_variant()), 0_u32).to_variant();
        ask(&self.bus, &owner, &menu, "com.canonical.dbusmenu", "Event", &event);
    }

    /// Owner and menu of the tray that registered last.
    fn latest(&self) -> Option<(String, String)> {
        let (owner, path) = self.items.lock().unwrap().last().cloned()?;
        let wanted = ("org.kde.StatusNotifierItem", "Menu").to_variant();
        let answer = try_ask(&self.bus, &owner, &path, "org.freedesktop.DBus.Properties", "Get", &wanted)?;
        let menu = answer.child_value(0).as_variant()?.str()?.to_owned();
        Some((owner, menu))
    }

    fn menu(&self) -> Vec<(i32, String)> {
        let Some((owner, menu)) = self.latest() else { return Vec::new() };
        let wanted = (0_i32, -1_i32, Vec::<String>::new()).to_variant();
        let layout = try_ask(&self.bus, &owner, &menu, "com.canonical.dbusmenu", "GetLayout", &wanted);
        let mut lines = Vec::new();
        if let Some(layout) = layout {
            read(&layout.child_value(1), &mut lines);
        }
        lines
    }
}

impl Drop for Trays {
    fn drop(&mut self) {
        self.turning.quit();
    }
}

/// One entry of the menu and those below it: `(id, properties, children)`.
fn read(entry: &Variant, lines: &mut Vec<(i32, String)>) {
    let id: i32 = entry.child_value(0).get().unwrap_or_default();
    let label = glib::VariantDict::new(Some(&entry.child_value(1)));
    if let Ok(Some(label)) = label.lookup::<String>("label") {
        lines.push((id, label.replace('_', "")));
    }
    for child in entry.child_value(2).iter() {
        if let Some(child) = child.as_variant() {
            read(&child, lines);
        }
    }
}

fn ask(bus: &gio::DBusConnection, owner: &str, path: &str, face: &str, method: &str, with: &Variant) {
    try_ask(bus, owner, path, face, method, with).unwrap_or_else(|| panic!("{face}.{method}"));
}

fn try_ask(
    bus: &gio::DBusConnection,
    owner: &str,
    path: &str,
    face: &str,
    method: &str,
    with: &Variant,
) -> Option<Variant> {
    let flags = gio::DBusCallFlags::NONE;
    bus.call_sync(Some(owner), path, face, method, Some(with), None, flags, 3_000, gio::Cancellable::NONE)
        .ok()
}
