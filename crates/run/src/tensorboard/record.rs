//! The TFRecord format: a record is its length, the data, and a checksum of each.
//!
//! Reference: "TFRecords format details" in
//! <https://www.tensorflow.org/tutorials/load_data/tfrecord>.

use crc::{CRC_32_ISCSI, Crc};

/// CRC-32C (Castagnoli): RFC 3720, appendix B.4. Catalogues of checksums name it after iSCSI.
static CRC32C: Crc<u32> = Crc::<u32>::new(&CRC_32_ISCSI);

/// `data` as a record. All numbers are little-endian.
pub(super) fn record(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_le_bytes();
    [&length[..], &masked_crc32c(&length), data, &masked_crc32c(data)].concat()
}

/// Masked as the reference says, since the CRC of data that holds its own CRC is a poor check.
fn masked_crc32c(data: &[u8]) -> [u8; 4] {
    CRC32C.checksum(data).rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crc32c_is_that_of_the_rfc() {
        let ascending: Vec<u8> = (0..32).collect();
        assert_eq!(CRC32C.checksum(&[0; 32]), 0x8a91_36aa);
        assert_eq!(CRC32C.checksum(&[0xff; 32]), 0x62a8_ab43);
        assert_eq!(CRC32C.checksum(&ascending), 0x46dd_794e);
        assert_eq!(CRC32C.checksum(b"123456789"), 0xe306_9283);
    }

    #[test]
    fn records_are_those_of_tensorflow() {
        // Every file that TensorFlow writes begins in a record of 24 bytes, so in these twelve.
        let begin = b"\x18\0\0\0\0\0\0\0\xa3\x7f\x4b\x22";
        assert!(record(&[0; 24]).starts_with(begin));
        assert_eq!(record(b""), b"\0\0\0\0\0\0\0\0\x29\x03\x98\x07\xd8\xea\x82\xa2");
    }
}
