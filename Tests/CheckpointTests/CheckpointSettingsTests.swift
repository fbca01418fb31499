import Checkpoint
import Core
import TestSupport
import Testing

/// What stands beside the weights, read as data: Fixtures/Checkpoint/make_checkpoints.py, make_omegaconf.py.
@Suite struct CheckpointSettingsTests {
    private static func fixture(_ name: String) -> String { TestData.fixture("Checkpoint/" + name) }

    @Test func readsLightningSettings() throws {
        let checkpoint = try Checkpoint(path: Self.fixture("lightning=1.ckpt"))
        #expect(checkpoint.prefix == "model._orig_mod.")
        #expect(checkpoint.stateDictKey == "state_dict")
        let summary = CheckpointSummary(checkpoint)
        func find(_ members: [(key: String, value: JSONValue)], _ suffix: String) -> JSONValue? {
            members.first { $0.key.hasSuffix(suffix) }?.value
        }
        #expect(find(summary.progress, "epoch") == 7)
        #expect(find(summary.thresholds, "postprocess.box_thresh") == 0.25)
        #expect(find(summary.thresholds, "use_polygon") == false)
        #expect(find(summary.scores, "current_score") == 0.9641)
        #expect(find(summary.scores, "best_model_score") == 0.9653)
        #expect(find(summary.scores, "best_k_models.out/epoch=1-step=823.ckpt") == 0.9653)
        #expect(summary.stateDictKey == "state_dict" && summary.otherStateDictKeys.isEmpty)
        let settings = try #require(checkpoint.hyperparameters?.object?["hyper_parameters"]?.object)
        let encoder = settings["config"]?.object?["models"]?.object?["encoder"]?.object
        #expect(encoder?["model_name"] == "tf_efficientnet_b4")
        #expect(encoder?["select_features"] == [1, 2, 3, 4])
        #expect(settings["args"]?.object?["state"]?.object?["lr"] == 0.1)
        let mystery = checkpoint.hyperparameters?.object?["callbacks"]?.object?["Mystery"]?.object
        #expect(mystery?["__class__"] == "my_project.callbacks.Mystery")
    }

    @Test func readsNumbersOfAllKinds() throws {
        let checkpoint = try Checkpoint(path: Self.fixture("lightning=1.ckpt"))
        let settings = checkpoint.hyperparameters?.object?["hyper_parameters"]?.object
        let numbers = try #require(settings?["numbers"]?.object)
        let expected: [(String, JSONValue)] = [
            ("half", 0.099975586), ("byte", 200), ("wide", "18446744073709551615"), ("yes", true),
            ("least", "-9223372036854775808"), ("huge", "an integer of 12 bytes"), ("not", "nan"), ("brain", 1.5),
            ("tensor", ["__tensor__": "int64", "shape": [2]]),
        ]
        for (key, value) in expected { #expect(numbers[key] == value, "\(key)") }
        #expect(numbers["array"]?.object?["__class__"]?.string?.hasPrefix("numpy.") == true)
    }

    /// OmegaConf's own objects, by the protocols that build objects in different ways.
    @Test(arguments: ["omegaconf_p1.ckpt", "omegaconf_p2.ckpt", "omegaconf_p5.ckpt"])
    func unwrapsOmegaConf(name: String) throws {
        let checkpoint = try Checkpoint(path: Self.fixture(name))
        let expected: JSONValue = [
            "config": [
                "models": [
                    "encoder": ["model_name": "resnet50", "select_features": [1, 2, 3, 4]],
                    "head": [
                        "postprocess": ["thresh": 0.22, "use_polygon": true, "name": "${..name}", "absent": "???"],
                        "name": .null,
                    ],
                ]
            ]
        ]
        #expect(checkpoint.hyperparameters?.object?["hyper_parameters"] == expected)
        let thresholds = CheckpointSummary(checkpoint).thresholds
        #expect(
            thresholds.map(\.key)
                == ["thresh", "use_polygon"].map { "hyper_parameters.config.models.head.postprocess." + $0 })
    }

    @Test func tellsWhichStateDictItTook() throws {
        let checkpoint = try Checkpoint(path: Self.fixture("several.pth"))
        #expect(checkpoint.stateDictKey == "state_dict" && checkpoint.otherStateDictKeys == ["state_dict_ema"])
        #expect(checkpoint.tensors.names == ["w", "code"])
        #expect(checkpoint.tensors["code"]?.dtype == .uint16)
        let rest = try #require(checkpoint.hyperparameters?.object)
        #expect(rest["epoch"] == 4)
        let others = try #require(rest["state_dict"]?.object)
        #expect(others.keys == ["_extra_state", "quarter", "complex"])
        #expect(others["_extra_state"] == ["scale": 2])
        let summary = CheckpointSummary(checkpoint)
        #expect(summary.stateDictKey == "state_dict" && summary.otherStateDictKeys == ["state_dict_ema"])
        #expect(summary.parameters == 4 && summary.buffers == 0)
    }

    @Test func keepsWhatStandsBesideABareStateDict() throws {
        let checkpoint = try Checkpoint(path: Self.fixture("bare.pth"))
        #expect(checkpoint.stateDictKey.isEmpty && checkpoint.tensors.names == ["w"])
        #expect(checkpoint.hyperparameters == ["epoch": 5])
        #expect(CheckpointSummary(checkpoint).json.object?["state_dict"] == "the file itself")
    }
}
