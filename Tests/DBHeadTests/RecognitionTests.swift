import Backbone
import Checkpoint
import Core
import DBHead
import Inference
import TestSupport
import Testing

/// What names and shapes tell, what hyper-parameters add, and what is said where nothing fits.
@Suite struct RecognitionTests {
    @Test(arguments: GoldenNetwork.all)
    func recognises(_ golden: GoldenNetwork) throws {
        let architecture = try golden.withCheckpoint { try Architecture(recognising: $0) }
        let plain = golden.backbone.replacing("tf_", with: "")
        #expect(architecture.name == plain)
        let hasTwin = plain.contains("efficientnet")
        #expect(
            architecture.notes
                == (hasTwin ? ["\(plain) assumed: tf_\(plain) has the same shapes; --architecture decides"] : []))
    }

    @Test(arguments: [
        ("resnet50", "resnet50 + UNet (256, 64) + DB head"), ("narrow decoder", "resnet18 + UNet (96, 24) + DB head"),
        ("smooth with bias", "efficientnet_b0 + UNet (64, 32) + DB head (smooth)"),
    ])
    func describes(name: String, description: String) throws {
        let architecture = try GoldenNetwork.named(name).withCheckpoint { try Architecture(recognising: $0) }
        #expect(architecture.description == description)
    }

    /// Shapes are those of both forms; what the training run recorded decides, wherever it stands.
    @Test(arguments: [
        ("tf_efficientnet_b4", "tf_efficientnet_b4"), ("tf_efficientnet_b4.ns_jft_in1k", "tf_efficientnet_b4"),
        ("tf_efficientnet_b4_ns", "tf_efficientnet_b4"), ("tf_efficientnet_b4_ap", "tf_efficientnet_b4"),
        ("efficientnet_b4.ra2_in1k", "efficientnet_b4"),
    ])
    func takesTheRecordedName(recorded: String, expected: String) throws {
        let golden = try GoldenNetwork.named("efficientnet_b4")
        let metadata: JSONObject = ["teacher": "tf_efficientnet_b5", "model_name": .string(recorded)]
        let architecture = try golden.withCheckpoint(metadata: metadata) { try Architecture(recognising: $0) }
        #expect(architecture.name == expected)
        #expect(architecture.notes.count == 1)
        #expect(architecture.notes[0].hasSuffix("model_name names \(expected)"))
    }

    @Test func assumesWhereTheRecordIsOfTwoMinds() throws {
        let golden = try GoldenNetwork.named("efficientnet_b4")
        let metadata: JSONObject = ["a": "tf_efficientnet_b4", "b": "efficientnet_b4"]
        let architecture = try golden.withCheckpoint(metadata: metadata) { try Architecture(recognising: $0) }
        #expect(architecture.name == "efficientnet_b4")
        #expect(architecture.notes[0].contains("assumed"))
    }

    @Test func doesAsToldAndPointsOutTheRecord() throws {
        let golden = try GoldenNetwork.named("efficientnet_b4")
        let told = try Architecture.backbone(named: "efficientnet_b4")
        let architecture = try golden.withCheckpoint(metadata: ["model_name": "tf_efficientnet_b4"]) {
            try Architecture(recognising: $0, backbone: told)
        }
        #expect(architecture.name == "efficientnet_b4")
        #expect(architecture.notes.count == 1)
        #expect(architecture.notes[0].hasSuffix("names tf_efficientnet_b4; efficientnet_b4 is used as told"))
    }

    /// The family's `smooth: true` concerns the threshold branch, which is not read.
    @Test func ignoresASmoothThresholdBranch() throws {
        let smooth = try GoldenNetwork.named("smooth").tensors.filter { $0.name.hasPrefix("head.thresh.") }
        let golden = try GoldenNetwork.named("resnet18")
        let architecture = try golden.withCheckpoint(
            changing: { tensors in
                tensors.removeAll { $0.name.hasPrefix("head.thresh.") }
                tensors += smooth
            }, { try Architecture(recognising: $0) })
        #expect(architecture.description == "resnet18 + UNet (256, 64) + DB head")
        #expect(architecture.notes.isEmpty)
    }

    @Test func countsWhatItDoesNotUse() throws {
        let golden = try GoldenNetwork.named("resnet18")
        let extra: [(name: String, shape: [Int])] = [
            ("encoder.model.fc.weight", [1000, 512]), ("encoder.model.fc.bias", [1000]), ("loss.alpha", [1]),
            ("ema.decay", []),
        ]
        let architecture = try golden.withCheckpoint(changing: { $0 += extra }, { try Architecture(recognising: $0) })
        #expect(architecture.unusedTensors.suffix(4) == extra.map(\.name))
        #expect(architecture.notes == ["2 tensors of other modules are not used: loss.alpha, …"])
    }

    @Test func listsAllThatDoesNotFit() throws {
        let golden = try GoldenNetwork.named("resnet18")
        let text = try message {
            try golden.withCheckpoint(
                changing: { tensors in
                    tensors.removeAll { $0.name == "encoder.model.layer2.0.conv1.weight" }
                    tensors.removeAll { ["head.binarize.4.bias", "head.binarize.6.bias"].contains($0.name) }
                    tensors = tensors.map { $0.name == "decoder.inners.2.weight" ? ($0.name, [256, 255, 1, 1]) : $0 }
                    tensors.append(("decoder.inners.4.weight", [256, 64, 1, 1]))
                    tensors.append(("encoder.model.layer4.2.conv1.weight", [512, 512, 3, 3]))
                }, { _ = try Architecture(recognising: $0) })
        }
        for line in [
            "missing encoder.model.layer2.0.conv1.weight, expected [128, 64, 3, 3]",
            "missing head.binarize.4.bias, expected [64]", "missing head.binarize.6.bias, expected [1]",
            "misshaped decoder.inners.2.weight, expected [256, 256, 1, 1], found [256, 255, 1, 1]",
            "unexpected decoder.inners.4.weight, found [256, 64, 1, 1]",
            "unexpected encoder.model.layer4.2.conv1.weight, found [512, 512, 3, 3]",
        ] {
            #expect(text.contains(line), "\(text)")
        }
        #expect(text.split(separator: "\n").count == 8, "\(text)")
    }

    @Test func limitsTheListAndCountsTheRest() throws {
        let golden = try GoldenNetwork.named("efficientnet_b4")
        let text = try message {
            try golden.withCheckpoint {
                _ = try Architecture(recognising: $0, backbone: Architecture.backbone(named: "resnet50"))
            }
        }
        #expect(text.contains("do not fit resnet50 + UNet (256, 64) + DB head"), "\(text)")
        #expect(text.contains("missing encoder.model.conv1.weight, expected [64, 3, 7, 7]"))
        #expect(text.split(separator: "\n").count < 30)
        let listed = text.split(separator: "\n").count { $0.contains("missing") || $0.contains("misshaped") }
        let more = text.split(separator: "\n").first { $0.contains("more") }.flatMap { line in
            line.split(separator: " ").compactMap { Int($0) }.first
        }
        func backbone(_ name: String) throws -> Set<String> {
            Set(
                try GoldenNetwork.named(name).tensors.map(\.name).filter {
                    $0.hasPrefix("encoder.") && !$0.hasSuffix("num_batches_tracked")
                })
        }
        // Names that either has, `bn1` of both among them, and the decoder's misshaped lateral convolutions.
        let problems = try backbone("resnet50").union(backbone("efficientnet_b4")).count + 4
        #expect(listed == 20)
        #expect(more == problems - 20)
    }

    @Test func refusesOtherNetworks() throws {
        let golden = try GoldenNetwork.named("resnet50")
        var text = try message {
            try golden.withCheckpoint(
                changing: { tensors in tensors = tensors.map { ("backbone." + $0.name, $0.shape) } },
                { _ = try Architecture(recognising: $0) })
        }
        #expect(text.contains("not a detector of a known architecture"), "\(text)")
        #expect(text.contains("no tensors of a known backbone") && text.contains("backbone.encoder.model.conv1.weight"))
        text = try message {
            try golden.withCheckpoint(
                changing: { $0.removeAll { $0.name.contains("layer3") } }, { _ = try Architecture(recognising: $0) })
        }
        #expect(text.contains("nearest is resnet50: "), "\(text)")
        text = try message {
            try golden.withCheckpoint(
                changing: { $0.removeAll { $0.name.hasPrefix("head.") } }, { _ = try Architecture(recognising: $0) })
        }
        #expect(text.contains("no head.binarize.0.weight"), "\(text)")
    }

    @Test func namesTheNearestBackbone() {
        let error = #expect(throws: DetectorError.self) { try Architecture.backbone(named: "tf_eficientnet_b4") }
        #expect(error?.diagnosis.status == .usage)
        #expect(error?.description.contains("did you mean tf_efficientnet_b4?") == true)
        for name in ["resnet50d", "efficientnet_b6", "efficientnet_b4_ns", "", "tf_resnet50"] {
            #expect(throws: DetectorError.self) { try Architecture.backbone(named: name) }
        }
    }

    private func message(_ body: () throws -> Void) throws -> String {
        let error = try #require(#expect(throws: DetectorError.self) { try body() })
        #expect(error.diagnosis.status == .badData)
        return error.description
    }
}
