//! What a forward pass is for.

use std::{fmt, str::FromStr};

use tch::Kind;

use crate::Error;

/// What a forward pass is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// To measure: no dropout, all in f32.
    Evaluate,
    /// To write: no dropout, with activations of this type.
    Generate(Dtype),
    /// To learn: dropout, with activations of this type.
    Train(Dtype),
}

/// The type of a training step's activations, or of what a model reads to generate. The parameters, sums and the optimizer
/// are f32 in either case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dtype {
    /// 24 significant bits.
    #[default]
    Float32,
    /// 8 significant bits: matrix products take half the time where the processor has instructions for them
    /// (AVX-512 BF16, AMX), and more than twice where it has none.
    Bfloat16,
}

impl Mode {
    pub(crate) fn trains(self) -> bool {
        matches!(self, Self::Train(_))
    }

    pub(crate) fn kind(self) -> Kind {
        match self {
            Self::Evaluate => Kind::Float,
            Self::Generate(dtype) | Self::Train(dtype) => dtype.kind(),
        }
    }
}

impl Dtype {
    /// Every type.
    pub const ALL: [Self; 2] = [Self::Float32, Self::Bfloat16];

    /// bf16 where this processor multiplies it, f32 elsewhere.
    #[must_use]
    pub fn fastest() -> Self {
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx512bf16") {
            return Self::Bfloat16;
        }
        Self::Float32
    }

    /// libtorch's own value.
    #[must_use]
    pub fn kind(self) -> Kind {
        match self {
            Self::Float32 => Kind::Float,
            Self::Bfloat16 => Kind::BFloat16,
        }
    }

    /// The name by which [`FromStr`] finds it: libtorch's.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Float32 => "float32",
            Self::Bfloat16 => "bfloat16",
        }
    }
}

impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Dtype {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        let found = Self::ALL.into_iter().find(|dtype| dtype.name() == name);
        found.ok_or_else(|| Error::UnknownDtype { got: name.to_owned() })
    }
}
