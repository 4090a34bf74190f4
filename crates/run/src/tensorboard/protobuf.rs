//! Protocol Buffers' wire format: a message is its fields, each a key and a value.
//!
//! Reference: <https://protobuf.dev/programming-guides/encoding/>.

/// How the value of a field ends.
#[derive(Clone, Copy)]
enum WireType {
    Varint = 0,
    Fixed64 = 1,
    LengthDelimited = 2,
    Fixed32 = 5,
}

/// An encoded message, to which fields are added by their number.
#[derive(Debug, Default)]
pub(super) struct Message(Vec<u8>);

impl Message {
    /// Adds an integer or an enum's value.
    pub(super) fn integer(self, field: u8, value: u64) -> Self {
        self.key(field, WireType::Varint).varint(value)
    }

    /// Adds a `double`.
    pub(super) fn double(self, field: u8, value: f64) -> Self {
        self.key(field, WireType::Fixed64).raw(&value.to_le_bytes())
    }

    /// Adds a `float`.
    pub(super) fn float(self, field: u8, value: f32) -> Self {
        self.key(field, WireType::Fixed32).raw(&value.to_le_bytes())
    }

    /// Adds a `string` or `bytes`.
    pub(super) fn bytes(self, field: u8, value: impl AsRef<[u8]>) -> Self {
        let value = value.as_ref();
        self.key(field, WireType::LengthDelimited).varint(value.len() as u64).raw(value)
    }

    /// Adds a message inside this one.
    #[allow(clippy::needless_pass_by_value, reason = "messages are made in place")]
    pub(super) fn message(self, field: u8, value: Self) -> Self {
        self.bytes(field, &value.0)
    }

    /// The bytes.
    pub(super) fn encoded(&self) -> &[u8] {
        &self.0
    }

    fn key(self, field: u8, wire_type: WireType) -> Self {
        self.varint(u64::from(field) << 3 | wire_type as u64)
    }

    /// Seven bits a byte, the lowest first; the top bit says that more follow.
    fn varint(mut self, mut value: u64) -> Self {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.raw(&[value as u8])
    }

    fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend(bytes);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_those_of_the_reference() {
        let integer = || Message::default().integer(1, 150);
        assert_eq!(integer().encoded(), b"\x08\x96\x01");
        assert_eq!(Message::default().bytes(2, "testing").encoded(), b"\x12\x07testing");
        assert_eq!(Message::default().message(3, integer()).encoded(), b"\x1a\x03\x08\x96\x01");
    }

    #[test]
    fn numbers_have_their_widths() {
        let message = Message::default().double(1, 25.4).float(2, 25.4);
        assert_eq!(message.encoded(), b"\x09\x66\x66\x66\x66\x66\x66\x39\x40\x15\x33\x33\xcb\x41");
        let largest = Message::default().integer(1, u64::MAX);
        assert_eq!(largest.encoded(), b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
    }
}
