// swift-tools-version: 6.1
import PackageDescription

let package = Package(
    name: "benchmarks",
    dependencies: [.package(name: "submit", path: "..")],
    targets: [
        .executableTarget(name: "bench", dependencies: [.product(name: "SubmitLibraries", package: "submit")])
    ],
    swiftLanguageModes: [.v6]
)
