import Backbone
import DBHead
import Inference
import TestSupport
import Testing

/// Every network of the family with drawn weights, against PyTorch (Fixtures/DBHead/make_goldens.py).
@Suite struct NetworkGoldenTests {
    @Test func fixtureHoldsTheFamily() {
        #expect(GoldenNetwork.all.count == 20)
        #expect(Set(GoldenNetwork.all.map(\.backbone)) == Set(BackboneArchitecture.all.map(\.name)))
    }

    /// The file of zeros has torch's names and shapes: what is recognised in it reads them all.
    @Test(arguments: GoldenNetwork.all)
    func readsTheTensorsOfTorch(_ golden: GoldenNetwork) throws {
        let architecture = try architecture(golden)
        #expect(architecture.name == golden.backbone)
        let unused = golden.tensors.map(\.name).filter {
            $0.hasSuffix(".num_batches_tracked") || $0.hasPrefix("head.thresh.")
        }
        #expect(architecture.unusedTensors == unused)
        #expect(architecture.network.tensors.count + unused.count == golden.tensors.count)
    }

    /// Half of what is promised of real weights; Winograd's algorithm rounds more than the direct one.
    private static let tolerance: Float = 5e-5

    @Test(arguments: GoldenNetwork.all)
    func map(_ golden: GoldenNetwork) throws {
        let graph = try architecture(golden).network.graph
        let weights = golden.weights
        var isRight = true
        for backend in EngineOptions.Backend.allCases {
            // The plain loops take their time.
            let isSmall = golden.backbone == "resnet18" || golden.backbone.hasSuffix("efficientnet_b0")
            if backend == .reference, !isSmall { continue }
            let engine = try Engine(
                graph: graph, weights: weights, options: EngineOptions(backend: backend, threads: 2))
            let found = try engine.run(GoldenNetwork.image, shape: shape)
            try #require(found.count == golden.map.count)
            let worst = try #require(zip(found, golden.map).map { abs($0 - $1) }.max())
            #expect(worst < Self.tolerance, "\(backend)")
            isRight = isRight && worst < Self.tolerance
        }
        // Where a map is wrong, from which stage on.
        if !isRight || golden.backbone == "resnet18" { try checkStages(golden, graph, weights) }
    }

    private func checkStages(_ golden: GoldenNetwork, _ graph: Graph, _ weights: DrawnWeights) throws {
        let readers = (0..<4).map { "decoder.inners.\($0)" } + ["head.binarize.0"]
        for (stage, reader) in zip(golden.stages, readers) {
            let node = try #require(graph.nodes.first { $0.label == reader })
            var part = graph
            part.output = node.inputs[0]
            let engine = try Engine(graph: part, weights: weights, options: EngineOptions(backend: .blas, threads: 2))
            let found = try engine.run(GoldenNetwork.image, shape: shape)
            try #require(found.count == stage.shape.reduce(1, *), "what \(reader) reads")
            let probes = stage.values.indices.map { found[$0 * (found.count / stage.values.count)] }
            let worst = zip(probes, stage.values).map { abs($0 - $1) }.max()
            #expect(try #require(worst) < 5e-5 * stage.deviation, "what \(reader) reads")
        }
    }

    private var shape: TensorShape { TensorShape(1, 3, GoldenNetwork.height, GoldenNetwork.width) }

    private func architecture(_ golden: GoldenNetwork) throws -> Architecture {
        try golden.withCheckpoint {
            try Architecture(recognising: $0, backbone: Architecture.backbone(named: golden.backbone))
        }
    }
}
