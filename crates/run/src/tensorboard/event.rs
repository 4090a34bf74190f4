//! The messages in an event file, by the field numbers of `event.proto`, `summary.proto` and
//! `tensor.proto`.
//!
//! Reference: <https://github.com/tensorflow/tensorboard/tree/master/tensorboard/compat/proto>.

use super::protobuf::Message;

/// `DT_STRING` of `types.proto`.
const STRING: u64 = 7;

/// What every file begins with.
pub(super) fn file_version(wall_time: f64) -> Message {
    Message::default().double(1, wall_time).bytes(3, "brain.Event:2")
}

/// Numbers of a step, by their tags.
pub(super) fn scalars(wall_time: f64, step: u64, scalars: &[(&str, f64)]) -> Message {
    let values =
        scalars.iter().map(|&(tag, x)| Message::default().bytes(1, tag).float(2, x as f32));
    let summary = values.fold(Message::default(), |summary, value| summary.message(1, value));
    event(wall_time, step).message(5, summary)
}

/// A text of a step.
pub(super) fn text(wall_time: f64, step: u64, tag: &str, text: &str) -> Message {
    let plugin = Message::default().bytes(1, "text");
    let metadata = Message::default().message(1, plugin);
    let scalar_shape = Message::default();
    let tensor = Message::default().integer(1, STRING).message(2, scalar_shape).bytes(8, text);
    let value = Message::default().bytes(1, tag).message(8, tensor).message(9, metadata);
    event(wall_time, step).message(5, Message::default().message(1, value))
}

/// An event that says nothing yet. `wall_time` is in seconds since 1970.
fn event(wall_time: f64, step: u64) -> Message {
    Message::default().double(1, wall_time).integer(2, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-01-01, exact in binary, as are the numbers below.
    const TIME: f64 = 1_767_225_600.0;
    const TIME_BYTES: [u8; 9] = *b"\x09\0\0\0\x40\x6e\x55\xda\x41";

    fn bytes(after_time: &[u8]) -> Vec<u8> {
        [&TIME_BYTES, after_time].concat()
    }

    // TensorBoard's own reader takes these bytes for what their tests say.

    #[test]
    fn the_version_has_no_step() {
        assert_eq!(file_version(TIME).encoded(), bytes(b"\x1a\x0dbrain.Event:2"));
    }

    #[test]
    fn scalars_are_values_of_one_summary() {
        let message = scalars(TIME, 300, &[("train/loss", 1.5), ("b", f64::INFINITY)]);
        let summary =
            b"\x0a\x11\x0a\x0atrain/loss\x15\0\0\xc0\x3f\x0a\x08\x0a\x01b\x15\0\0\x80\x7f";
        assert_eq!(message.encoded(), bytes(&[b"\x10\xac\x02\x2a\x1d", &summary[..]].concat()));
    }

    #[test]
    fn a_text_is_a_tensor_of_the_plugin_text() {
        let message = text(TIME, 7, "samples/greedy", "Era uma vez");
        let tensor = b"\x42\x11\x08\x07\x12\0\x42\x0bEra uma vez";
        let value = [b"\x0a\x0esamples/greedy", &tensor[..], b"\x4a\x08\x0a\x06\x0a\x04text"];
        assert_eq!(
            message.encoded(),
            bytes(&[b"\x10\x07\x2a\x2f\x0a\x2d", &value.concat()[..]].concat())
        );
    }
}
