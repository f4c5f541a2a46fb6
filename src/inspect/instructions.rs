//! Maps the layers of an image to the instructions of its Dockerfile.
//!
//! The history of an image ends with the instructions of the last stage, one entry each, with or
//! without a layer. If the two differ, the remaining layers are assumed to belong to the base
//! image.

use crate::image::Config;
use crate::span::{LineIndex, Span};
use crate::syntax::{Dockerfile, Keyword};

/// An instruction that created a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerInstruction {
    /// The number of the layer, counted from the lowest.
    pub layer: usize,
    /// The instruction in the file.
    pub span: Span,
    /// Its first line, starting from 1.
    pub line: usize,
}

/// The layers of the last stage of a Dockerfile, the lowest first; none if the image has another
/// number of layers than its history tells.
pub fn layer_instructions(file: &Dockerfile<'_>, config: &Config, layers: usize) -> Vec<LayerInstruction> {
    let lines = LineIndex::of(file.text);
    let mut layer = config.steps().count();
    if layer != layers {
        return Vec::new();
    }
    let mut made = Vec::new();
    let instructions =
        file.instructions().rev().take_while(|(_, instruction)| instruction.keyword != Keyword::From);
    for ((_, instruction), step) in instructions.zip(config.history.iter().rev()) {
        if keyword(&step.created_by) != Some(instruction.keyword) {
            break;
        }
        if !step.empty_layer {
            layer -= 1;
            let line = lines.place(instruction.text.start).line;
            made.push(LayerInstruction { layer, span: instruction.full, line });
        }
    }
    made.reverse();
    made
}

/// The instruction of a history entry. (BuildKit writes `RUN |1 A=b /bin/sh -c …`; older builders
/// `/bin/sh -c …`, `|1 A=b /bin/sh -c …` and `/bin/sh -c #(nop)  COPY …`.)
fn keyword(created_by: &str) -> Option<Keyword> {
    let text = created_by.trim_start();
    let text = text.strip_prefix("/bin/sh -c #(nop)").map_or(text, str::trim_start);
    if text.starts_with('|') || text.starts_with("/bin/sh -c ") {
        return Some(Keyword::Run);
    }
    Keyword::parse(text.split_whitespace().next()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layers(text: &str, history: &[(&str, bool)]) -> Vec<(usize, usize)> {
        let steps: Vec<_> = history
            .iter()
            .map(|(created_by, empty)| serde_json::json!({ "created_by": created_by, "empty_layer": empty }))
            .collect();
        let config: Config =
            serde_json::from_value(serde_json::json!({ "history": steps })).expect("a configuration");
        let count = config.steps().count();
        let fewer = layer_instructions(&Dockerfile::parse(text), &config, count - 1);
        assert!(fewer.is_empty(), "the history tells of a layer that is not there");
        layer_instructions(&Dockerfile::parse(text), &config, count)
            .into_iter()
            .map(|made| (made.layer, made.line))
            .collect()
    }

    #[test]
    fn layers_above_the_base_belong_to_instructions() {
        let text = "FROM a AS b\nRUN x\nFROM c\nENV A=1\nRUN make \\\n  all\nCOPY x /\nCMD y\n";
        let history = [
            ("/bin/sh -c #(nop) ADD file:1 in / ", false),
            ("RUN /bin/sh -c apt-get update # buildkit", false),
            ("ENV A=1", true),
            ("RUN /bin/sh -c make all # buildkit", false),
            ("COPY x / # buildkit", false),
            ("CMD [\"/bin/sh\" \"-c\" \"y\"]", true),
        ];
        assert_eq!(layers(text, &history), [(2, 5), (3, 7)]);
    }

    #[test]
    fn what_does_not_agree_belongs_to_nobody() {
        let text = "FROM c\nRUN make\nCOPY x /\n";
        assert_eq!(layers(text, &[("RUN |1 A=b /bin/sh -c make", false), ("ADD x /", false)]), []);
        assert_eq!(layers(text, &[("|1 A=b /bin/sh -c make", false), ("COPY x /", false)]), [(0, 2), (1, 3)]);
    }
}
