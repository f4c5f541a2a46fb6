//! A table of names that is searched by their hash values. The build script writes it.

/// The hash value of a name. (FNV-1a, 32 bits.)
pub fn hash(name: &str) -> u32 {
    name.bytes().fold(0x811c_9dc5, |hash: u32, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}
