use proptest::prelude::*;

use super::*;

fn root(bytes: &[u8]) -> Value {
    Pickle::read(bytes, 0).unwrap().0.root().clone()
}

fn refusal(bytes: &[u8]) -> String {
    match Pickle::read(bytes, 0).unwrap_err() {
        Refusal::Stranger(class) => class,
        Refusal::Unreadable(reason) => reason,
        Refusal::Foreign(kind) => unreachable!("{kind} is no pickle"),
    }
}

#[test]
fn numbers_are_read_as_python_writes_them() {
    // pickle.dumps(value, 2)
    assert_eq!(root(b"\x80\x02K\xff."), Value::Int(255));
    assert_eq!(root(b"\x80\x02M\x00\x01."), Value::Int(256));
    assert_eq!(root(b"\x80\x02J\xff\xff\xff\xff."), Value::Int(-1));
    assert_eq!(
        root(b"\x80\x02\x8a\x05\x00\x00\x00\x00\xff."),
        Value::Int(-(1 << 32))
    );
    assert_eq!(root(b"\x80\x02\x8a\x00."), Value::Int(0));
    assert_eq!(
        root(b"\x80\x02G?\xf8\x00\x00\x00\x00\x00\x00."),
        Value::Float(1.5)
    );
}

#[test]
fn a_shared_list_is_seen_changed_through_every_name() {
    // a = []; (a, a) with 1 appended through the second name.
    let (pickle, end) = Pickle::read(b"\x80\x02]q\x00h\x00K\x01a\x86.rest", 0).unwrap();
    assert_eq!(end, 12);
    let Value::Tuple(items) = pickle.root() else {
        panic!("{:?}", pickle.root())
    };
    assert_eq!(items[0], items[1]);
    assert_eq!(pickle.value(items[0]), &Value::List(vec![1]));
}

#[test]
fn a_foreign_class_is_refused_by_its_name() {
    assert_eq!(
        refusal(b"\x80\x02cos\nsystem\nX\x04\x00\x00\x00true\x85R."),
        "os.system"
    );
    // Protocol 4 names a class on the stack.
    assert_eq!(
        refusal(b"\x80\x04\x8c\x05posix\x8c\x06system\x93."),
        "posix.system"
    );
}

#[test]
fn containers_made_again_and_again_are_refused() {
    // OrderedDict of one memorised list of 1000 pairs, 1000 times: 6 bytes for 1000 items.
    let mut bytes = b"\x80\x02ccollections\nOrderedDict\nq\x00]q\x01(K\x01K\x02\x86q\x02".to_vec();
    bytes.extend(b"h\x02".repeat(999));
    bytes.extend(b"e\x85q\x03");
    bytes.extend(b"h\x00h\x03R0".repeat(1000));
    bytes.extend(b"h\x01.");
    assert!(refusal(&bytes).contains("more values"));
}

#[test]
fn what_is_no_pickle_is_refused_with_its_place() {
    assert!(refusal(b"\x80\x02K").contains("byte 3"));
    assert!(refusal(b"\x80\x02.").contains("stack is empty"));
    assert!(refusal(b"\x80\x02(K\x01\x85\x86.").contains("more items"));
    assert!(refusal(b"\x80\x02h\x07.").contains("value 7"));
    assert!(refusal(b"\x80\x02i").contains("0x69"));
    assert!(refusal(b"\x80\x02}K\x01a.").contains("no container"));
}

proptest! {
    #[test]
    fn no_bytes_do_harm(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Pickle::read(&bytes, 0);
    }

    #[test]
    fn no_operations_do_harm(operations in proptest::collection::vec(
        proptest::sample::select(b"\x85\x86\x87)(}]tuesabqhKN012RQ\x88\x94".to_vec()), 0..200,
    )) {
        let _ = Pickle::read(&operations, 0);
    }
}
