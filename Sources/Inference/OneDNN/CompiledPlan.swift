import CInference

/// A plan that the shim runs: steps, prepared weights and memory for one input shape. Used by the inference threads only.
final class CompiledPlan {
    private let handle: OpaquePointer
    private var steps: [(label: String, kind: String, gigaFLOP: Double)] = []

    /// - Parameters:
    ///   - threads: those of one image.
    ///   - streams: images that may be computed at once.
    ///   - other: a plan whose arena this one uses too, in turn, grown where this one wants more.
    init(threads: Int, streams: Int, sharing other: CompiledPlan?) throws {
        var handle: OpaquePointer?
        var message = CInferenceMessage()
        let code = cinference_plan_create(
            Int32(threads), Int32(streams), other?.handle, &handle, &message)
        guard code == CInferenceDone, let handle else {
            throw InferenceError.library("cannot start oneDNN", label: nil, message: message.string)
        }
        self.handle = handle
    }

    deinit {
        cinference_plan_destroy(handle)
    }

    /// Appends a step.
    func append(
        label: String, kind: String, gigaFLOP: Double = 0,
        _ add: (OpaquePointer, inout CInferenceMessage) -> Int32
    ) throws {
        var message = CInferenceMessage()
        let code = add(handle, &message)
        guard code == CInferenceDone else {
            throw InferenceError.library("oneDNN has no kernel for this layer", label: label, message: message.string)
        }
        steps.append((label, kind, gigaFLOP))
    }

    /// Bytes of scratchpad that each step needs.
    var scratch: [Int] {
        steps.indices.map { Int(cinference_plan_scratch(handle, Int32($0))) }
    }

    /// Makes the arena. Where that fails, the plans that share it cannot run any more.
    ///
    /// - Parameter padding: the colour of what surrounds images; their maps there are computed once. Empty: maps are
    ///   computed whole.
    func finish(_ layout: (places: [CInferencePlace], scratch: [Int64], bytes: Int), padding: [Float]) throws {
        var message = CInferenceMessage()
        let code = cinference_plan_finish(
            handle, layout.places, Int32(layout.places.count), layout.scratch, Int64(layout.bytes), padding,
            Int32(padding.count), &message)
        guard code == CInferenceDone else {
            throw InferenceError.library("no memory for the network", label: nil, message: message.string)
        }
    }

    /// Bytes of the arena, the prepared weights and the maps of padding.
    var bytes: Int { Int(cinference_plan_bytes(handle)) }

    /// Runs one image, and adds each step's time to `profile`.
    ///
    /// - Throws: `InferenceError` that names the layer where a value leaves the range of Float32.
    func execute(input: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>, profile: Profile?) throws {
        var message = CInferenceMessage()
        var overflowed: Int32 = -1
        var seconds = [Double](repeating: 0, count: profile == nil ? 0 : steps.count)
        var shares = seconds
        let code = seconds.withUnsafeMutableBufferPointer { seconds in
            shares.withUnsafeMutableBufferPointer { shares in
                cinference_plan_execute(
                    handle, input, output, profile == nil ? nil : seconds.baseAddress, shares.baseAddress, &overflowed,
                    &message)
            }
        }
        if code == CInferenceOverflowed { throw InferenceError.overflow(label: steps[Int(overflowed)].label) }
        guard code == CInferenceDone else {
            throw InferenceError.library("oneDNN failed while running", label: nil, message: message.string)
        }
        guard let profile else { return }
        for (index, step) in steps.enumerated() {
            profile.add(
                StepTiming(
                    label: step.label, kind: step.kind,
                    implementation: String(cString: cinference_plan_implementation(handle, Int32(index))),
                    seconds: seconds[index], gigaFLOP: step.gigaFLOP * shares[index]), at: index)
        }
    }
}

extension CInferenceMessage {
    /// The text, up to its terminator.
    var string: String {
        withUnsafeBytes(of: text) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
