import Backbone
import Checkpoint
import Core
import Inference

extension Architecture {
    /// Recognises what `checkpoint` holds from the names and shapes of its tensors.
    ///
    /// - Parameter backbone: the backbone where it is known from elsewhere; nil takes the name recorded in the
    ///   checkpoint's hyper-parameters where it fits the shapes, else what the shapes say.
    /// - Throws: `DetectorError` (65) where nothing known fits, with all missing, unexpected and misshaped tensors.
    public init(recognising checkpoint: Checkpoint, backbone: BackboneArchitecture? = nil) throws {
        let tensors = checkpoint.tensors
        var notes: [String] = []
        let resolved = try backbone ?? Self.recogniseBackbone(checkpoint, notes: &notes)
        func width(_ name: String) throws -> Int {
            guard let size = tensors[name]?.shape.first else { throw Self.unknown(checkpoint, missing: name) }
            return size
        }
        let decoder = UNetDecoder(
            inner: try width("decoder.inners.0.weight"), output: try width(UNetDecoder.outer(3) + ".weight"),
            hasInnerBias: tensors["decoder.inners.0.bias"] != nil,
            hasOuterBias: tensors[UNetDecoder.outer(3) + ".bias"] != nil)
        let prefix = ProbabilityHead.prefix
        let isSmooth = tensors[prefix + "3.1.weight"] != nil
        let biases = ["0.bias", isSmooth ? "3.1.bias" : "3.bias", isSmooth ? "6.2.bias" : "6.bias"]
        self.init(
            backbone: resolved, decoder: decoder,
            head: ProbabilityHead(
                channels: 4 * decoder.output, inner: try width(prefix + "0.weight"), isSmooth: isSmooth,
                hasBias: biases.map { tensors[prefix + $0] != nil }),
            notes: notes)
        try check(checkpoint)
    }

    /// The backbone whose tensors fit best; of `tf_` and plain, which share all shapes, the recorded or the plain one.
    private static func recogniseBackbone(
        _ checkpoint: Checkpoint, notes: inout [String]
    ) throws -> BackboneArchitecture {
        let fitting = BackboneArchitecture.all.filter { backbone in
            var builder = NetworkBuilder()
            _ = backbone.append(to: &builder, prefix: backbonePrefix)
            let fits = builder.tensors.filter { checkpoint.tensors[$0.name]?.shape == $0.shape }.count
            // A few broken tensors are better told one by one than taken for an unknown network.
            return Double(fits) > 0.9 * Double(builder.tensors.count)
                && !hasDeeperBlocks(checkpoint, than: builder.tensors.map(\.name))
        }
        guard let first = fitting.first else { throw unknown(checkpoint, missing: nil) }
        guard fitting.count > 1 else { return first }
        if let recorded = recordedName(checkpoint), let backbone = fitting.first(where: { $0.name == recorded.name }) {
            notes.append("the checkpoint's \(recorded.path) names \(recorded.name)")
            return backbone
        }
        notes.append(
            "\(first.name) assumed: \(fitting.dropFirst().map(\.name).joined(separator: ", ")) has the same shapes; "
                + "--architecture decides")
        return first
    }

    /// Whether the checkpoint has blocks beyond those of `names`: B1's stages hold all of B0's and one more.
    private static func hasDeeperBlocks(_ checkpoint: Checkpoint, than names: [String]) -> Bool {
        func blocks(_ names: some Sequence<String>) -> Set<String> {
            Set(
                names.compactMap { name in
                    guard name.hasPrefix(backbonePrefix + "blocks.") || name.hasPrefix(backbonePrefix + "layer") else {
                        return nil
                    }
                    return name.split(separator: ".").prefix(5).prefix { $0 != "weight" && !$0.hasPrefix("conv") }
                        .prefix(name.contains("blocks.") ? 5 : 4).joined(separator: ".")
                })
        }
        return !blocks(checkpoint.tensors.names.filter { $0.hasSuffix(".weight") && $0.contains("conv") })
            .isSubset(of: blocks(names.filter { $0.hasSuffix(".weight") && $0.contains("conv") }))
    }

    /// A known backbone's name anywhere in the hyper-parameters.
    private static func recordedName(_ checkpoint: Checkpoint) -> (name: String, path: String)? {
        let known = Set(BackboneArchitecture.all.map(\.name))
        func find(_ value: JSONValue, _ path: [String]) -> (String, String)? {
            switch value {
            // A suffix such as .ns_jft_in1k names pretrained weights of the same network.
            case .string(let text):
                let name = String(text.prefix { $0 != "." })
                return known.contains(name) ? (name, path.joined(separator: ".")) : nil
            case .object(let members): return members.lazy.compactMap { find($1, path + [$0]) }.first
            case .array(let values): return values.lazy.compactMap { find($0, path) }.first
            default: return nil
            }
        }
        return checkpoint.hyperparameters.flatMap { find($0, []) }
    }

    /// Compares the tensors that the network reads with those that are there.
    private func check(_ checkpoint: Checkpoint) throws {
        let needed = network.tensors
        let names = Set(needed.map(\.name))
        var problems: [String] = []
        for (name, shape) in needed {
            guard let found = checkpoint.tensors[name] else {
                problems.append("missing \(name), expected \(shape)")
                continue
            }
            if found.shape != shape { problems.append("misshaped \(name), expected \(shape), found \(found.shape)") }
        }
        let unexpected = checkpoint.tensors.names.filter { !names.contains($0) && !Architecture.isIgnored($0) }
        problems += unexpected.map { "unexpected \($0), \(checkpoint.tensors[$0]?.shape ?? [])" }
        guard problems.isEmpty else {
            throw DetectorError(
                diagnosis: Diagnosis(
                    .badData, "the checkpoint's tensors do not fit \(description)", path: checkpoint.path,
                    found: Architecture.list(problems), nextStep: "name another backbone with --architecture"))
        }
    }

    /// Tensors that a detector's checkpoint may hold without the probability map needing them: counters, the threshold
    /// branch, what timm's classifiers add, and other modules of the training run.
    private static func isIgnored(_ name: String) -> Bool {
        let parts = [backbonePrefix, UNetDecoder.prefix, "head."]
        guard parts.contains(where: name.hasPrefix) else { return true }
        let unused = ["conv_head.", "bn2.", "classifier.", "fc."].map { backbonePrefix + $0 } + ["head.thresh."]
        return name.hasSuffix(".num_batches_tracked") || unused.contains(where: name.hasPrefix)
    }

    private static func unknown(_ checkpoint: Checkpoint, missing: String?) -> DetectorError {
        DetectorError(
            diagnosis: Diagnosis(
                .badData, "not a detector of a known architecture", path: checkpoint.path,
                found: missing.map { "no \($0) among " + list(checkpoint.tensors.names, limit: 3) }
                    ?? list(checkpoint.tensors.names, limit: 6),
                expected:
                    "encoder.model.* (\(BackboneArchitecture.all.map(\.name).joined(separator: ", "))), decoder.inners.*, "
                    + "decoder.outers.*, head.binarize.*",
                nextStep: "submit inspect lists the tensors; --architecture names the backbone"))
    }

    /// The first `limit` lines and a count of the others.
    private static func list(_ lines: [String], limit: Int = 20) -> String {
        let more = lines.count > limit ? ["and \(lines.count - limit) more"] : []
        return (lines.prefix(limit) + more).joined(separator: "\n            ")
    }
}
