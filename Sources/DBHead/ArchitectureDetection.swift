import Backbone
import Checkpoint
import Core
import Inference

extension Architecture {
    /// Recognises what `checkpoint` holds from the names and shapes of its tensors.
    ///
    /// - Parameter backbone: the backbone where it is known from elsewhere; nil takes what the shapes say and, where
    ///   shapes leave two forms, the one that the checkpoint's hyper-parameters name.
    /// - Throws: `DetectorError` (65) where nothing known fits, with all missing, misshaped and unexpected tensors.
    public init(recognising checkpoint: Checkpoint, backbone: BackboneArchitecture? = nil) throws {
        let tensors = checkpoint.tensors
        var notes: [String] = []
        let resolved = try Self.resolve(backbone, checkpoint, notes: &notes)
        // The width is any of these layers': one that is missing is told with its shape.
        func width(_ names: [String]) throws -> Int {
            guard let size = names.lazy.compactMap({ tensors[$0]?.shape.first }).first else {
                throw Self.unknown(checkpoint, "no \(names[0])")
            }
            return size
        }
        let decoder = UNetDecoder(
            inner: try width((0..<4).map { "decoder.inners.\($0).weight" }),
            output: try width((0..<4).map { UNetDecoder.outer(3 - $0) + ".weight" }),
            hasInnerBias: tensors["decoder.inners.0.bias"] != nil,
            hasOuterBias: tensors[UNetDecoder.outer(3) + ".bias"] != nil)
        let prefix = ProbabilityHead.prefix
        self.init(
            backbone: resolved, decoder: decoder,
            head: ProbabilityHead(
                channels: 4 * decoder.output, inner: try width([prefix + "0.weight", prefix + "1.weight"]),
                isSmooth: tensors[prefix + "3.1.weight"] != nil, hasBias: tensors[prefix + "0.bias"] != nil))
        try check(checkpoint)
        let needed = Set(network.tensors.map(\.name))
        unusedTensors = tensors.names.filter { !needed.contains($0) }
        let foreign = unusedTensors.filter { !Self.isPart($0) }
        if let first = foreign.first {
            notes.append(
                "\(foreign.count) tensors of other modules are not used: \(first)\(foreign.count > 1 ? ", …" : "")")
        }
        self.notes = notes
    }

    /// The named backbone, or the one that fits; of those that share all shapes, the recorded one or the first.
    private static func resolve(
        _ named: BackboneArchitecture?, _ checkpoint: Checkpoint, notes: inout [String]
    ) throws -> BackboneArchitecture {
        let candidates = try named.map { [$0] } ?? fittingBackbones(checkpoint)
        let recorded = recordedBackbones(checkpoint)
        if let named {
            if let other = recorded.first(where: { $0.backbone != named }),
                !recorded.contains(where: { $0.backbone == named })
            {
                notes.append(
                    "the checkpoint's \(other.key) names \(other.backbone.name); \(named.name) is used as told")
            }
            return named
        }
        if let other = recorded.first, !recorded.contains(where: { candidates.contains($0.backbone) }) {
            notes.append(
                "the checkpoint's \(other.key) names \(other.backbone.name), but its tensors are those of "
                    + candidates[0].name)
        }
        guard candidates.count > 1 else { return candidates[0] }
        let named = recorded.filter { candidates.contains($0.backbone) }
        if let first = named.first, named.allSatisfy({ $0.backbone == first.backbone }) {
            notes.append("the checkpoint's \(first.key) names \(first.backbone.name)")
            return first.backbone
        }
        let others = candidates.dropFirst().map(\.name).joined(separator: ", ")
        notes.append("\(candidates[0].name) assumed: \(others) has the same shapes; --architecture decides")
        return candidates[0]
    }

    /// The backbones with the fewest tensors missing, misshaped or left over.
    ///
    /// A few broken tensors are better told one by one than taken for an unknown network, so a tenth may misfit.
    private static func fittingBackbones(_ checkpoint: Checkpoint) throws -> [BackboneArchitecture] {
        let present = checkpoint.tensors.names.filter { $0.hasPrefix(backbonePrefix) && !isForTrainingOnly($0) }
        let rated = BackboneArchitecture.all.map { backbone in
            var builder = NetworkBuilder()
            _ = backbone.append(to: &builder, prefix: backbonePrefix)
            let fits = builder.tensors.count { checkpoint.tensors[$0.name]?.shape == $0.shape }
            return (backbone: backbone, needed: builder.tensors.count, fits: fits)
        }
        func misfits(_ rating: (backbone: BackboneArchitecture, needed: Int, fits: Int)) -> Int {
            rating.needed + present.count - 2 * rating.fits
        }
        guard let best = rated.min(by: { misfits($0) < misfits($1) }), best.fits > 0 else {
            throw unknown(checkpoint, "no tensors of a known backbone")
        }
        guard best.fits * 10 > 9 * max(best.needed, present.count) else {
            throw unknown(
                checkpoint,
                "nearest is \(best.backbone.name): \(best.fits) of its \(best.needed) tensors fit, of "
                    + "\(present.count) that are there")
        }
        return rated.filter { misfits($0) == misfits(best) }.map(\.backbone)
    }

    /// The known backbones named anywhere in the hyper-parameters, with their dotted keys.
    private static func recordedBackbones(_ checkpoint: Checkpoint) -> [(backbone: BackboneArchitecture, key: String)] {
        func find(_ value: JSONValue, _ path: [String]) -> [(backbone: BackboneArchitecture, key: String)] {
            switch value {
            case .string(let text):
                BackboneArchitecture(timmName: text).map { [($0, path.joined(separator: "."))] } ?? []
            case .object(let members): members.flatMap { find($1, path + [$0]) }
            case .array(let values): values.flatMap { find($0, path) }
            default: []
            }
        }
        return checkpoint.hyperparameters.map { find($0, []) } ?? []
    }

    /// Compares the tensors that the network reads with those that are there.
    private func check(_ checkpoint: Checkpoint) throws {
        let needed = network.tensors
        let names = Set(needed.map(\.name))
        let tensors = checkpoint.tensors
        let missing = needed.filter { tensors[$0.name] == nil }.map { "missing \($0.name), expected \($0.shape)" }
        let misshaped = needed.compactMap { name, shape in
            guard let found = tensors[name]?.shape, found != shape else { return nil as String? }
            return "misshaped \(name), expected \(shape), found \(found)"
        }
        let unexpected = tensors.names
            .filter { Self.isPart($0) && !Self.isForTrainingOnly($0) && !names.contains($0) }
            .map { "unexpected \($0), found \(tensors[$0]?.shape ?? [])" }
        let problems = missing + misshaped + unexpected
        let more = problems.count > 20 ? ["and \(problems.count - 20) more: submit inspect lists all"] : []
        guard problems.isEmpty else {
            throw DetectorError(
                diagnosis: Diagnosis(
                    .badData, "the checkpoint's tensors do not fit \(description)", path: checkpoint.path,
                    found: (problems.prefix(20) + more).joined(separator: "\n            "),
                    nextStep: "name another backbone with --architecture, or save the checkpoint again"),
                misfits: problems)
        }
    }

    /// The floating-point tensors of the detector that the map does not need: the threshold branch and the like.
    func trainingTensors(_ tensors: StateDict) -> [String] {
        unusedTensors.filter { Self.isPart($0) && tensors[$0]?.dtype.isFloat == true }
    }

    /// Whether a tensor belongs to backbone, decoder or head.
    private static func isPart(_ name: String) -> Bool {
        [backbonePrefix, UNetDecoder.prefix, "head."].contains(where: name.hasPrefix)
    }

    /// Whether a tensor of theirs is there for training alone: counters, the threshold branch, what timm's classifiers
    /// add to a backbone.
    private static func isForTrainingOnly(_ name: String) -> Bool {
        let unused = ["conv_head.", "bn2.", "classifier.", "fc."].map { backbonePrefix + $0 } + ["head.thresh."]
        return name.hasSuffix(".num_batches_tracked") || unused.contains(where: name.hasPrefix)
    }

    private static func unknown(_ checkpoint: Checkpoint, _ found: String) -> DetectorError {
        let names = checkpoint.tensors.names
        return DetectorError(
            diagnosis: Diagnosis(
                .badData, "not a detector of a known architecture", path: checkpoint.path,
                found: ([found] + names.prefix(3)).joined(separator: "\n            ")
                    + (names.count > 3 ? ", … (\(names.count) tensors)" : ""),
                expected:
                    "encoder.model.* (\(BackboneArchitecture.all.map(\.name).joined(separator: ", "))), decoder.inners.*, "
                    + "decoder.outers.*, head.binarize.*",
                nextStep: "submit inspect --all lists the tensors; --architecture NAME lists those that do not fit it"))
    }
}
