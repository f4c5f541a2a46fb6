//! The files that a program used, as `jettison-trace` records them.
//!
//! The program `jettison-trace` runs another program and writes a trace file. This library reads,
//! merges and writes such files; it works on every platform. The README describes the program, the
//! format is described in [`Trace`].
//!
//! ```
//! let text = br#"{"trace":"jettison","version":1,"program":["cat","/etc/motd"],"workdir":"/","architecture":"x86_64","stops":"filter"}
//! {"path":"/etc/motd","type":"file","found":{"read":1}}
//! {"path":"/etc/nowhere","missing":{"stat":2}}
//! {"end":{"exit":0},"processes":1,"seconds":0.2}
//! "#;
//! let trace = jettison_trace::Trace::read(&text[..]).expect("a valid trace");
//! assert!(trace.is_complete());
//! assert!(trace.paths[b"/etc/motd".as_slice()].is_read());
//! ```

mod format;
mod text;

pub use format::{
    Counts, End, Error, FileType, Header, Line, NotSeen, Operation, PathRecord, Run, Status, Stops, Trace,
    Unseen, VERSION,
};
pub use text::Text;
