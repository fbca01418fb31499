import Glibc
import Inference
import Testing

/// The planner and the kernels on lesser machines, each in a process of its own: oneDNN reads its limit once.
struct InstructionSetTests {
    /// Ends the process with 0 where a set of layers and networks agrees with the plain loops under `limit`.
    private static func agree(under limit: String) throws {
        setenv("ONEDNN_MAX_CPU_ISA", limit, 1)
        for test in LayerAgreementTests.convolutions {
            var sketch = NetworkSketch(seed: 5, inputChannels: test.inputs)
            let x = sketch.convolution(
                sketch.graph.input, to: test.outputs, kernel: test.kernel, width: test.width, stride: test.stride,
                padding: test.padding, groups: test.groups)
            _ = sketch.activation(sketch.batchNorm(x), .silu)
            let difference = try sketch.difference(.oneDNN, height: test.size.0, width: test.size.1)
            guard difference < LayerAgreementTests.tolerance else {
                fatalError("\(test.testDescription): \(difference)")
            }
        }
        for seed in 1...6 {
            var sketch = NetworkAgreementTests.network(seed: UInt64(seed))
            let difference = try sketch.difference(.oneDNN, height: 32, width: 48)
            guard difference < 5e-5 else { fatalError("network \(seed): \(difference)") }
            let shape = TensorShape(1, 3, 64, 64)
            let input = sketch.numbers(shape.count)
            let one = try sketch.run(input, shape, .oneDNN, threads: 1)
            guard try sketch.run(input, shape, .oneDNN, threads: 3) == one else {
                fatalError("threads change the result")
            }
        }
        let expected = ["AVX2": "avx2", "SSE41": "sse41"][limit]
        guard Engine.instructionSet == expected else { fatalError("runs \(Engine.instructionSet) under \(limit)") }
    }

    #if arch(x86_64)
        @Test func avx2() async {
            await #expect(processExitsWith: .success) { try Self.agree(under: "AVX2") }
        }

        @Test func sse41() async {
            await #expect(processExitsWith: .success) { try Self.agree(under: "SSE41") }
        }
    #endif
}
