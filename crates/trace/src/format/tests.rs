//! Tests of the format.

use super::{End, Error, NotSeen, Operation, Status, Trace};

const HEADER: &str = r#"{"trace":"jettison","version":1,"program":["a"],"workdir":"/","architecture":"x86_64","stops":"filter"}"#;

fn read(text: &str) -> Result<Trace, Error> {
    Trace::read(text.as_bytes())
}

fn sample(path: &str) -> String {
    format!(
        "{HEADER}\n{{\"path\":\"{path}\",\"type\":\"file\",\"found\":{{\"read\":2}},\"missing\":{{\"stat\":1}}}}\n\
         {{\"not_seen\":\"io-uring\",\"path\":\"/bin/x\",\"count\":1}}\n\
         {{\"end\":{{\"exit\":3}},\"processes\":2,\"seconds\":0.5}}\n"
    )
}

#[test]
fn lines_that_name_one_path_add_up() {
    let text = format!(
        "{HEADER}\n{{\"path\":\"/a\",\"found\":{{\"read\":1}}}}\n{{\"path\":\"/a\",\"found\":{{\"read\":4,\"stat\":1}}}}\n"
    );
    let trace = read(&text).expect("it is valid");
    assert_eq!(trace.paths[b"/a".as_slice()].found[&Operation::Read], 5);
    assert_eq!(trace.paths[b"/a".as_slice()].found[&Operation::Stat], 1);
    assert!(!trace.is_complete(), "there is no end");
}

#[test]
fn concatenating_files_merges_them() {
    let both = read(&(sample("/a") + &sample("/b") + &sample("/a"))).expect("it is valid");
    assert_eq!(both.runs.len(), 3);
    assert_eq!(both.paths[b"/a".as_slice()].found[&Operation::Read], 4);
    assert_eq!(both.paths[b"/b".as_slice()].missing[&Operation::Stat], 1);
    assert_eq!(both.not_seen[&(NotSeen::IoUring, Some("/bin/x".into()))], 3);
    let mut merged = read(&sample("/a")).expect("it is valid");
    merged.merge(read(&sample("/b")).expect("it is valid"));
    merged.merge(read(&sample("/a")).expect("it is valid"));
    assert_eq!(merged, both);
    assert!(merged.is_complete() && !merged.is_exhaustive());
}

#[test]
fn writing_and_reading_gives_the_same() {
    let trace = read(&(sample("/a") + &sample("/b"))).expect("it is valid");
    let mut text = Vec::new();
    trace.write(&mut text).expect("memory can be written");
    assert_eq!(Trace::read(&text[..]).expect("it is valid"), trace);
    assert_eq!(trace.runs[0].end, Some(End { end: Status::Exit(3), processes: 2, seconds: 0.5 }));
}

#[test]
fn every_beginning_of_a_file_can_be_read() {
    let text = sample("/a");
    for length in HEADER.len() + 1..=text.len() {
        let part = Trace::read(&text.as_bytes()[..length]).expect("a part is valid");
        assert_eq!(part.is_complete(), length == text.len());
    }
}

#[test]
fn damaged_files_are_errors() {
    assert!(matches!(read(""), Err(Error::NoHeader)));
    assert!(matches!(read("hello\n"), Err(Error::NoHeader)));
    assert!(matches!(read(&HEADER[..20]), Err(Error::NoHeader)));
    assert!(matches!(read(&format!("{}\n", HEADER.replace(":1,", ":2,"))), Err(Error::Version(2))));
    for bad in [
        "{}",
        "[]",
        "{\"path\":3}",
        "{\"path\":\"/a\",\"found\":{\"fly\":1}}",
        "{\"not_seen\":\"x\",\"count\":1}",
    ] {
        assert!(matches!(read(&format!("{HEADER}\n{bad}\n")), Err(Error::Line { line: 2, .. })), "{bad}");
    }
}

#[test]
fn unknown_keys_are_ignored() {
    let text = format!("{HEADER}\n{{\"path\":\"/a\",\"found\":{{\"read\":1}},\"size\":7}}\n");
    assert!(read(&text).expect("it is valid").paths[b"/a".as_slice()].is_read());
}
