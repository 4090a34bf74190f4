use std::fs;

use enredo_corpus::{Cleaning, Corpus, Counts, Error, Reader};

use crate::{fault, folder_with, texts};

/// The texts of a file with this name and content.
fn read(name: &str, content: impl AsRef<[u8]>) -> Vec<String> {
    let folder = folder_with(name, content);
    texts(folder.path().join(name)).unwrap()
}

/// The fault of a file with this name and content.
fn refused(name: &str, content: impl AsRef<[u8]>) -> String {
    fault(&folder_with(name, content), name)
}

#[test]
fn csv_takes_the_column_quotes_and_all() {
    let csv = "title,plot\nRope,\"A \"\"dinner\"\",\nand a chest\"\nJaws,A shark\n";
    assert_eq!(read("a.csv", csv), ["A \"dinner\",\nand a chest", "A shark"]);
    assert_eq!(read("a.TSV", "plot\ttitle\nA, b\tc\n"), ["A, b"]);
    assert_eq!(read("a.csv", "\u{feff}plot\r\nWith a mark\r\n"), ["With a mark"]);
}

#[test]
fn json_lines_takes_the_key() {
    let lines = "\u{feff}{\"plot\":\"One\\u00e9\",\"n\":1}\r\n\n{\"n\":2}\n{\"plot\":\"Two\"}";
    assert_eq!(read("a.jsonl", lines), ["One\u{e9}", "Two"]);
    assert_eq!(read("a.ndjson", "{\"plot\":\"One\"}\n"), ["One"]);
}

#[test]
fn text_is_a_document_a_line() {
    assert_eq!(read("a.txt", "\u{feff}One\r\n\n  Two  \nThree"), ["One", "  Two  ", "Three"]);
}

#[test]
fn a_folder_of_several_formats_is_read_in_order_of_path() {
    let folder = folder_with("b.txt", "Three\n");
    fs::write(folder.path().join("a.csv"), "plot\nOne\n").unwrap();
    fs::write(folder.path().join("README.md"), "not data").unwrap();
    fs::create_dir(folder.path().join("aa")).unwrap();
    fs::write(folder.path().join("aa/z.jsonl"), "{\"plot\":\"Two\"}").unwrap();
    assert_eq!(texts(folder.path()).unwrap(), ["One", "Two", "Three"]);
    assert_eq!(texts(folder.path().join("*.txt")).unwrap(), ["Three"]);
}

#[test]
fn a_list_of_files_keeps_its_order() {
    let folder = folder_with("a.txt", "A");
    fs::write(folder.path().join("b.txt"), "B").unwrap();
    let files = ["b.txt", "a.txt"].map(|name| folder.path().join(name)).to_vec();
    let read: Vec<_> = Reader::open_files(files, "").unwrap().map(Result::unwrap).collect();
    assert_eq!(read, ["B", "A"]);
}

#[test]
fn nulls_and_empty_texts_are_counted_and_skipped() {
    let lines = "{\"plot\":null}\n{\"plot\":\"\"}\n{\"plot\":\"x\"}\n{}\n{\"plot\":\" \"}\n";
    let folder = folder_with("a.jsonl", lines);
    let mut reader = Reader::open(folder.path(), "plot").unwrap();
    let corpus = Corpus::read(&mut reader, &Cleaning::new()).unwrap();
    assert_eq!(corpus.documents, ["x", " "]);
    assert_eq!(reader.counts(), Counts { rows: 5, nulls: 2, empty: 1 });
    let report = corpus.report;
    assert_eq!((report.read, report.kept, report.nulls, report.empty), (5, 2, 2, 1));
}

#[test]
fn a_missing_path_says_so() {
    let folder = folder_with("a.txt", "");
    let message = fault(&folder, "nowhere");
    assert!(message.starts_with("nowhere: no such file or folder; check the path"), "{message}");
}

#[test]
fn a_folder_without_data_lists_what_would_do() {
    let folder = folder_with("README.md", "");
    let error = texts(folder.path()).unwrap_err();
    assert!(matches!(error, Error::NoData { .. }), "{error}");
    assert!(error.to_string().contains(".parquet, .csv, .tsv, .jsonl, .ndjson or .txt"), "{error}");
}

#[test]
fn a_glob_without_a_match_names_itself() {
    let folder = folder_with("a.md", "");
    assert!(fault(&folder, "*.csv").starts_with("*.csv: matches no "));
    assert!(fault(&folder, "*").starts_with("*: matches no "));
    assert!(fault(&folder, "a***").starts_with("a***: not a glob: "));
}

#[test]
fn an_unknown_extension_is_refused_before_anything_is_read() {
    let message = refused("a.docx", "x");
    assert!(message.starts_with("a.docx: unknown kind of file; convert or rename"), "{message}");
    let files = vec!["a.txt".into(), "noext".into()];
    let error = Reader::open_files(files, "plot").unwrap_err();
    assert!(matches!(error, Error::UnknownFormat { path } if path.ends_with("noext")));
}

#[test]
fn an_unreadable_file_gives_the_systems_reason() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.txt", "a.csv", "a.jsonl", "a.parquet"] {
        let path = folder.path().join(name);
        fs::create_dir(&path).unwrap();
        let error = Reader::open_files(vec![path], "plot").unwrap().next().unwrap().unwrap_err();
        assert!(matches!(error, Error::Unreadable { .. }), "{name}: {error}");
        let gone = vec![folder.path().join(format!("gone-{name}"))];
        let error = Reader::open_files(gone, "plot").unwrap().next().unwrap().unwrap_err();
        assert!(error.to_string().contains("cannot be read: No such file"), "{name}: {error}");
    }
}

#[test]
fn an_unknown_column_lists_those_there_are() {
    let list = "no column \"plot\"; choose one of: genre, title";
    assert_eq!(refused("a.csv", "genre,title\nx,y\n"), format!("a.csv: {list}"));
    assert_eq!(refused("a.jsonl", "{\"genre\":1,\"title\":2}\n{}"), format!("a.jsonl: {list}"));
}

#[test]
fn a_column_of_something_else_says_of_what() {
    for (value, kind) in
        [("1", "a number"), ("true", "a boolean"), ("[]", "a list"), ("{}", "an object")]
    {
        let message = refused("a.jsonl", format!("{{\"plot\":\"x\"}}\n{{\"plot\":{value}}}\n"));
        let expected = format!("a.jsonl: column \"plot\" is {kind} (line 2), not text; choose");
        assert!(message.starts_with(&expected), "{message}");
    }
}

#[test]
fn invalid_utf8_names_file_and_line() {
    for (name, content) in [
        ("a.txt", b"fine\ncaf\xe9\n".as_slice()),
        ("a.jsonl", b"{\"plot\":\"fine\"}\n{\"plot\":\"caf\xe9\"}\n"),
        ("a.csv", b"plot\ncaf\xe9\n"),
    ] {
        let message = refused(name, content);
        assert!(message.starts_with(&format!("{name}, line 2: not UTF-8; re-save")), "{message}");
    }
    assert!(refused("a.csv", b"pl\xf4t\nx\n").starts_with("a.csv, line 1: not UTF-8"));
}

#[test]
fn another_columns_bytes_do_not_matter() {
    assert_eq!(read("a.csv", b"title,plot\ncaf\xe9,x\n"), ["x"]);
}

#[test]
fn a_malformed_line_names_file_and_line() {
    let message = refused("a.jsonl", "{\"plot\":\"x\"}\n{\"plot\":\n");
    assert!(message.starts_with("a.jsonl, line 2: not a JSON object: EOF"), "{message}");
    let message = refused("a.jsonl", "[1]\n");
    assert!(message.starts_with("a.jsonl, line 1: not a JSON object: invalid type"), "{message}");
    let message = refused("a.csv", "title,plot\na,b\nc\n");
    assert!(message.starts_with("a.csv, line 3: 1 fields where the header has 2"), "{message}");
}

#[test]
fn after_an_error_the_reader_ends() {
    let folder = folder_with("a.txt", b"one\n\xff\nthree\n");
    fs::write(folder.path().join("b.txt"), "four\n").unwrap();
    let mut reader = Reader::open(folder.path(), "").unwrap();
    assert!(reader.next().unwrap().is_ok());
    assert!(reader.next().unwrap().is_err());
    assert!(reader.next().is_none());
}
