// swift-tools-version: 6.1
import PackageDescription

// Two wings that meet only in `submit`. Arrows run one way:
//   Core <- Geometry <- Dataset <- {PostProc, Metrics, Submission, Ensemble, Sweep}   the decision wing
//   Core <- {Imaging <- Augmentation, Checkpoint, Inference} <- Backbone <- DBHead     the network wing
//   Inference <- ONNX <- ONNXRuntime                                                   its network in other engines
//   Maps (probability maps on disk) is where the wings hand over.

let openCVHeaders: [CXXSetting] = [.unsafeFlags(["-isystem", "/usr/include/opencv4"])]

func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies)
}

func tests(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .testTarget(name: name + "Tests", dependencies: [.byName(name: name), "TestSupport"] + dependencies)
}

let package = Package(
    name: "submit",
    products: [
        .executable(name: "submit", targets: ["submit"]),
        // For Benchmarks/, a package of its own.
        .library(
            name: "SubmitLibraries",
            targets: [
                "Core", "Dataset", "Geometry", "Imaging", "Checkpoint", "DBHead", "Inference", "Maps", "PostProc",
                "Metrics",
                "Submission", "Sweep",
            ]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
    ],
    targets: [
        // System libraries and C++ shims.
        .systemLibrary(name: "CSystemLibraries"),
        .systemLibrary(name: "CBLAS"),
        .target(
            name: "CImageCodec",
            linkerSettings: [.linkedLibrary("jpeg"), .linkedLibrary("png")]),
        .target(
            name: "COpenCV", cxxSettings: openCVHeaders,
            linkerSettings: [.linkedLibrary("opencv_core"), .linkedLibrary("opencv_imgproc")]),
        .target(name: "CClipper", linkerSettings: [.linkedLibrary("polyclipping")]),
        .target(name: "COnnxRuntime", linkerSettings: [.linkedLibrary("dl")]),
        .target(name: "CInference", linkerSettings: [.linkedLibrary("dnnl"), .linkedLibrary("gomp")]),

        // Shared ground.
        module("Core", ["CSystemLibraries"]),
        module("Archive", ["Core", "CSystemLibraries"]),
        module("Geometry", ["Core"]),
        module("Dataset", ["Core", "Geometry"]),

        // The network wing.
        module("Imaging", ["Core", "Geometry", "CImageCodec", "COpenCV", "CSystemLibraries"]),
        module("Augmentation", ["Core", "Geometry", "Imaging"]),
        module("Checkpoint", ["Core", "Archive"]),
        module("Inference", ["Core", "CInference", "CBLAS"]),
        module("ONNX", ["Core", "Inference"]),
        module("ONNXRuntime", ["Core", "Inference", "ONNX", "COnnxRuntime"]),
        module("Backbone", ["Core", "Inference"]),
        module("DBHead", ["Core", "Backbone", "Inference", "Checkpoint"]),

        // The hand-over, and the decision wing.
        module("Maps", ["Core", "Geometry", "Archive", "CSystemLibraries", "CImageCodec"]),
        module("PostProc", ["Core", "Geometry", "Dataset", "Maps", "CClipper"]),
        module("Metrics", ["Core", "Geometry", "Dataset"]),
        module("Submission", ["Core", "Geometry", "Dataset", "Archive"]),
        module("Ensemble", ["Core", "Geometry", "Dataset", "Maps", "Metrics", "CClipper"]),
        module("Sweep", ["Core", "Geometry", "Dataset", "Maps", "PostProc", "Metrics", "Submission", "Yams"]),

        module(
            "Stacking",
            ["Core", "Geometry", "Dataset", "Maps", "PostProc", "Metrics", "Ensemble", "Sweep"]),

        // What was submitted and what it scored: needs neither wing but the reader of CSVs.
        module("Ledger", ["Core", "Dataset", "Submission", .product(name: "GRDB", package: "GRDB.swift")]),

        .executableTarget(
            name: "submit",
            dependencies: [
                "Core", "CSystemLibraries", "Dataset", "Geometry", "Imaging", "Augmentation", "Checkpoint", "Inference",
                "ONNX",
                "ONNXRuntime", "Backbone",
                "DBHead", "Maps",
                "PostProc", "Metrics", "Submission", "Ensemble", "Sweep", "Stacking",
                "Ledger", "Yams",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),

        .target(name: "TestSupport", dependencies: ["Core"], path: "Tests/Support"),
        tests("Core"),
        tests("Archive", ["Core"]),
        tests("Geometry"),
        tests("Imaging", ["Core", "Geometry"]),
        tests("Augmentation", ["Core", "Geometry", "Imaging"]),
        tests("Checkpoint", ["Core", "Archive"]),
        tests("Inference", ["Core", "ONNXRuntime"]),
        tests("ONNX", ["Core", "Inference"]),
        tests("ONNXRuntime", ["Core"]),
        tests(
            "DBHead",
            ["Core", "Backbone", "Inference", "ONNXRuntime", "Checkpoint", "Imaging", "Geometry", "Maps", "PostProc"]),
        tests("Maps", ["Core", "Geometry", "Archive"]),
        tests("PostProc", ["Core", "Geometry", "Dataset", "Maps", "Imaging", "Archive", "COpenCV", "CClipper"]),
        tests("Dataset", ["Core"]),
        tests("Metrics", ["Core", "Geometry", "Dataset", "Submission", "Archive"]),
        tests("Submission", ["Core", "Geometry", "Dataset", "Archive"]),
        tests("Ensemble", ["Core", "Geometry", "Dataset", "Maps", "Submission", "Metrics"]),
        tests("Sweep", ["Core", "Geometry", "Dataset", "Maps", "PostProc", "Metrics", "Submission"]),
        tests(
            "Stacking",
            ["Core", "Geometry", "Dataset", "Maps", "PostProc", "Metrics", "Submission", "Ensemble", "Sweep"]),
        tests("Ledger", ["Core"]),
        tests("submit", ["Core"]),
    ],
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx17
)
