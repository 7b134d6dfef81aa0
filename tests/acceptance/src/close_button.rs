//! The window's close button, pressed as a window manager presses it: a `WM_DELETE_WINDOW` message over the X11
//! protocol, which Xvfb alone has nobody to send. <https://www.x.org/releases/current/doc/xproto/x11protocol.html>

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;

struct Screen {
    stream: UnixStream,
    root: u32,
}

/// Presses the close button of each shown window of these processes on the screen of `DISPLAY`; says how many there
/// were. Others may use the same screen.
pub fn press(processes: &[u32]) -> usize {
    let mut screen = Screen::open();
    let protocols = screen.atom("WM_PROTOCOLS");
    let delete = screen.atom("WM_DELETE_WINDOW");
    let owner = screen.atom("_NET_WM_PID");
    let windows: Vec<u32> = screen
        .children()
        .into_iter()
        .filter(|w| processes.iter().any(|process| screen.has(*w, owner, *process)))
        .collect();
    let mut pressed = 0;
    for window in windows {
        if screen.is_shown(window) && screen.has(window, protocols, delete) {
            screen.close(window, protocols, delete);
            pressed += 1;
        }
    }
    screen.children();
    pressed
}

/// Titles of the shown windows of these processes.
pub fn titles(processes: &[u32]) -> Vec<String> {
    let mut screen = Screen::open();
    screen.shown(processes).into_iter().map(|(_, title)| title).collect()
}

/// Presses the close button of the shown windows of that title; says how many there were.
pub fn press_titled(processes: &[u32], title: &str) -> usize {
    let mut screen = Screen::open();
    let (protocols, delete) = (screen.atom("WM_PROTOCOLS"), screen.atom("WM_DELETE_WINDOW"));
    let found: Vec<u32> =
        screen.shown(processes).into_iter().filter(|(_, t)| t == title).map(|(w, _)| w).collect();
    for window in &found {
        screen.close(*window, protocols, delete);
    }
    screen.children();
    found.len()
}

/// Whether these processes show a window.
pub fn is_shown(processes: &[u32]) -> bool {
    let mut screen = Screen::open();
    let owner = screen.atom("_NET_WM_PID");
    let all = screen.children();
    all.into_iter().any(|w| screen.is_shown(w) && processes.iter().any(|p| screen.has(w, owner, *p)))
}

impl Screen {
    fn open() -> Self {
        let display = std::env::var("DISPLAY").expect("a screen");
        let number = display.rsplit(':').next().and_then(|n| n.split('.').next()).expect("a number");
        let path = format!("/tmp/.X11-unix/X{number}");
        let mut stream = UnixStream::connect(&path).expect("the screen's socket");
        stream.write_all(&[b'l', 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0]).unwrap();
        let mut head = [0; 8];
        stream.read_exact(&mut head).unwrap();
        assert_eq!(head[0], 1, "the screen lets us in");
        let mut body = vec![0; usize::from(u16_at(&head, 6)) * 4];
        stream.read_exact(&mut body).unwrap();
        let vendor = usize::from(u16_at(&body, 16)).next_multiple_of(4);
        let root = u32_at(&body, 32 + vendor + 8 * usize::from(body[21]));
        Self { stream, root }
    }

    fn ask(&mut self, request: &[u8]) -> Vec<u8> {
        self.stream.write_all(request).unwrap();
        loop {
            let mut reply = vec![0; 32];
            self.stream.read_exact(&mut reply).unwrap();
            match reply[0] {
                1 => {
                    let mut more = vec![0; usize::try_from(u32_at(&reply, 4)).unwrap() * 4];
                    self.stream.read_exact(&mut more).unwrap();
                    reply.extend(more);
                    return reply;
                }
                0 => return reply,
                _ => {} // An event.
            }
        }
    }

    fn atom(&mut self, name: &str) -> u32 {
        let padded = name.len().next_multiple_of(4);
        let mut request = vec![16, 0];
        request.extend(u16::try_from(2 + padded / 4).unwrap().to_le_bytes());
        request.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        request.extend([0, 0]);
        request.extend(name.bytes().chain(std::iter::repeat(0)).take(padded));
        u32_at(&self.ask(&request), 8)
    }

    fn children(&mut self) -> Vec<u32> {
        let mut request = vec![15, 0, 2, 0];
        request.extend(self.root.to_le_bytes());
        let reply = self.ask(&request);
        (0..usize::from(u16_at(&reply, 16))).map(|n| u32_at(&reply, 32 + 4 * n)).collect()
    }

    fn property(&mut self, window: u32, name: u32) -> Vec<u8> {
        let mut request = vec![20, 0, 6, 0];
        for word in [window, name, 0, 0, 1024] {
            request.extend(word.to_le_bytes());
        }
        let reply = self.ask(&request);
        if reply[0] == 0 { Vec::new() } else { reply[32..].to_vec() }
    }

    fn shown(&mut self, processes: &[u32]) -> Vec<(u32, String)> {
        let (owner, name) = (self.atom("_NET_WM_PID"), self.atom("_NET_WM_NAME"));
        let mut out = Vec::new();
        for window in self.children() {
            if self.is_shown(window) && processes.iter().any(|p| self.has(window, owner, *p)) {
                let title = self.property(window, name);
                let title = String::from_utf8_lossy(&title).trim_end_matches('\0').to_owned();
                out.push((window, title));
            }
        }
        out
    }

    fn is_shown(&mut self, window: u32) -> bool {
        let mut request = vec![3, 0, 2, 0];
        request.extend(window.to_le_bytes());
        self.ask(&request).get(26) == Some(&2)
    }

    fn has(&mut self, window: u32, list: u32, atom: u32) -> bool {
        self.property(window, list).chunks_exact(4).any(|c| u32_at(c, 0) == atom)
    }

    fn close(&mut self, window: u32, protocols: u32, delete: u32) {
        let mut request = vec![25, 0, 11, 0];
        request.extend(window.to_le_bytes());
        request.extend(0_u32.to_le_bytes());
        request.extend([33, 32, 0, 0]);
        for word in [window, protocols, delete, 0, 0, 0, 0] {
            request.extend(word.to_le_bytes());
        }
        self.stream.write_all(&request).unwrap();
    }
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
