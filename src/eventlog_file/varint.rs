//! Whole numbers in as few bytes as they need: seven bits a byte, the lowest first.

/// The most bytes that one number takes.
pub(crate) const VARINT_BYTES_MAX: usize = 10;

/// How many bytes a number takes.
pub(crate) fn length(value: u64) -> usize {
    // Every seven bits that are in use cost one byte, and nought costs one too.
    (64 - (value | 1).leading_zeros() as usize).div_ceil(7)
}

/// Appends a number.
pub(crate) fn write(into: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        into.push(value as u8 | 0x80);
        value >>= 7;
    }
    into.push(value as u8);
}

/// Takes a number from the front, or `None` when the bytes end too soon or hold more than 64 bits.
#[inline]
pub(crate) fn read(from: &mut &[u8]) -> Option<u64> {
    // Most numbers of a record take one byte or two.
    match **from {
        [one, ref rest @ ..] if one < 0x80 => {
            *from = rest;
            Some(u64::from(one))
        }
        [one, two, ref rest @ ..] if two < 0x80 => {
            *from = rest;
            Some(u64::from(one & 0x7f) | u64::from(two) << 7)
        }
        _ => read_long(from),
    }
}

fn read_long(from: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for (index, &byte) in from.iter().take(VARINT_BYTES_MAX).enumerate() {
        let bits = u64::from(byte & 0x7f);
        if index == VARINT_BYTES_MAX - 1 && bits > 1 {
            return None;
        }
        value |= bits << (7 * index);
        if byte < 0x80 {
            *from = &from[index + 1..];
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_written_number_is_read_back(value: u64, shift in 0..64u32) {
            let value = value >> shift;
            let mut bytes = Vec::new();
            write(&mut bytes, value);
            prop_assert_eq!(bytes.len(), length(value));
            bytes.push(7);
            let mut rest = &bytes[..];
            prop_assert_eq!(read(&mut rest), Some(value));
            prop_assert_eq!(rest, &[7]);
        }
    }

    #[test]
    fn a_number_that_does_not_end_is_refused() {
        for bytes in [&[][..], &[0x80], &[0xff; 11], &[0xff; 10]] {
            assert_eq!(read(&mut &bytes[..]), None, "{bytes:?}");
        }
    }
}
