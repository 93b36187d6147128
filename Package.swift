// swift-tools-version: 6.2
import PackageDescription

/// One place for the settings of every Swift target, so that none drifts.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

/// Settings of every C target.
let strictC: [CSetting] = [
    .treatAllWarnings(as: .error),
    .enableWarning("all"),
    .enableWarning("extra"),
]

/// The commit in `--version`: what `CASCADE_COMMIT` says (the build of an image has no checkout), else the checkout's.
let commit =
    Context.environment["CASCADE_COMMIT"].flatMap { $0.isEmpty ? nil : $0 }
    ?? Context.gitInformation.map { $0.currentCommit.prefix(12) + ($0.hasUncommittedChanges ? "+" : "") } ?? "unknown"

func module(_ name: String, _ dependencies: [Target.Dependency] = [], path: String? = nil) -> Target {
    .target(name: name, dependencies: dependencies, path: path, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .testTarget(
        name: "\(name)Tests",
        dependencies: [.init(stringLiteral: name)] + dependencies,
        swiftSettings: strict
    )
}

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let channels = Target.Dependency.product(name: "AsyncAlgorithms", package: "swift-async-algorithms")
let collections = Target.Dependency.product(name: "OrderedCollections", package: "swift-collections")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdTesting = Target.Dependency.product(name: "HummingbirdTesting", package: "hummingbird")
let hummingbirdTLS = Target.Dependency.product(name: "HummingbirdTLS", package: "hummingbird")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioHTTPTypes = Target.Dependency.product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let signals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let numerics = Target.Dependency.product(name: "Numerics", package: "swift-numerics")

/// The files of the page that the gateway serves.
let page = [
    "answer.js", "api.js", "app.js", "chat.js", "cluster.js", "compare.js", "dom.js", "frontier.js", "icon.svg",
    "index.html", "plots.js", "rules.js", "settings.js", "style.css", "tokens.js", "views.css", "why.js",
    "words.js",
]

let package = Package(
    name: "cascade",
    products: [.executable(name: "cascade", targets: ["cascade"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-async-algorithms", from: "1.1.4"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-numerics", from: "1.1.1"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // Foreign code: system libraries, generated protobuf-c, SIMD kernels.
        .systemLibrary(name: "CZeroMQ", providers: [.apt(["libzmq3-dev"])]),
        .systemLibrary(name: "CProtobufC", providers: [.apt(["libprotobuf-c-dev"])]),
        .systemLibrary(name: "COpenBLAS", providers: [.apt(["libopenblas-dev"])]),
        .target(
            name: "CCascadeProto",
            dependencies: ["CProtobufC"],
            exclude: ["README.md"],
            cSettings: strictC,
            // C code includes the system's header as text, so the module map's `link` says nothing to the linker.
            linkerSettings: [.linkedLibrary("protobuf-c")]
        ),
        .target(name: "CCascadeKernels", exclude: ["README.md"], cSettings: strictC),
        .target(name: "CCascadeHost", cSettings: strictC),

        .target(
            name: "CCascadeBuild",
            cSettings: strictC + [.define("CASCADE_COMMIT", to: "\"\(commit)\"")]
        ),

        // The pure side: no I/O, clock, lock, async or Foundation.
        module("CascadeCore"),
        module("CascadeRules", ["CascadeCore"]),
        module("CascadeCoordinator", ["CascadeConstraint", "CascadeCore", "CascadeRules", collections, deque]),
        module("CascadeWorker", ["CascadeConstraint", "CascadeCore", "CascadeRules", collections]),
        module("CascadeClient", ["CascadeCore"]),
        module("CascadeJSON"),
        module("CascadeConstraint", ["CascadeCore", "CascadeJSON"]),
        module(
            "CascadeSimulation",
            [
                "CascadeConstraint", "CascadeCore", "CascadeRules", "CascadeCoordinator", "CascadeWorker",
                "CascadeClient", "CascadeWire",
            ]
        ),

        // What this host gives: files and their places, memory, cores, processes, threads, clocks, turns, errors.
        module("CascadeHost", ["CascadeCore", "CCascadeHost"]),

        // Text and models: chat templates, tokenizers, the engine.
        module("CascadeTemplate"),
        module("CascadeText", ["CascadeCore", "CascadeTemplate"]),
        module("CascadeModel", ["CascadeCore", "CascadeHost", "CascadeText", "CCascadeKernels"]),

        // Model files from where they are published; knows nothing of models.
        module("CascadeModelFetch", ["CascadeHost", deque]),

        // Bytes between processes.
        module("CascadeWire", ["CascadeCore", "CCascadeProto"]),
        module("CascadeTransport", ["CascadeCore", "CascadeHost", "CZeroMQ"]),

        // Who may connect: keys, their files and folders, the list that a coordinator follows.
        module("CascadeKeys", ["CascadeCore", "CascadeHost", "CascadeTransport", logging]),

        // OpenAI's protocol over HTTP, in front of a backend that it knows as a protocol only.
        .target(
            name: "CascadeGateway",
            dependencies: [
                "CascadeCore", "CascadeHost", "CascadeJSON", channels, crypto, grdb, httpTypes, hummingbird,
                hummingbirdTLS, lifecycle, logging, nioCore, nioHTTPTypes, nioPosix, nioSSL,
            ],
            // The page's files, as bytes of the program: nothing has to lie beside it.
            resources: page.map { .embedInCode("Page/\($0)") } + [.embedInCode("OpenAPI/openapi.json")],
            swiftSettings: strict
        ),

        // What a coordinator has written down.
        module("CascadeStore", ["CascadeHost", grdb]),

        // The drivers that join them, and the command line on top.
        module(
            "CascadeNode",
            [
                "CascadeConstraint", "CascadeCore", "CascadeRules", "CascadeCoordinator", "CascadeWorker",
                "CascadeClient", "CascadeWire", "CascadeTransport", "CascadeKeys", "CascadeModel", "CascadeTemplate",
                "CascadeText", "CascadeStore",
                "CascadeHost", "CCascadeHost", collections, logging, lifecycle,
            ]
        ),
        // Quality: problems, running their tests, runs against a cluster, the tuner, statistics, reports.
        module(
            "CascadeEval",
            ["CascadeCore", "CascadeHost", "CascadeModel", "CascadeNode", "CCascadeHost"]
        ),

        // Measurements of engines, pairs and clusters.
        module(
            "CascadeBench",
            [
                "CascadeClient", "CascadeCore", "CascadeCoordinator", "CascadeEval", "CascadeHost", "CascadeModel",
                "CascadeNode", "CascadeText", "CascadeWorker", "CCascadeKernels",
            ]
        ),
        .executableTarget(
            name: "cascade",
            dependencies: [
                "CascadeBench", "CascadeClient", "CascadeConstraint", "CascadeCore", "CascadeCoordinator",
                "CascadeEval", "CascadeGateway", "CascadeHost",
                "CascadeKeys", "CascadeModel", "CascadeModelFetch", "CascadeNode", "CascadeSimulation",
                "CascadeTemplate", "CascadeText", "CascadeTransport", "CascadeWire", "CCascadeBuild", "CCascadeHost",
                argumentParser, logging, lifecycle, signals,
            ],
            swiftSettings: strict
        ),

        // Tests.
        module(
            "CascadeTestSupport",
            ["CascadeCore", "CascadeHost", "CascadeModel", "COpenBLAS"],
            path: "Tests/CascadeTestSupport"
        ),
        module(
            "CascadeFuzzing",
            ["CascadeCore", "CascadeCoordinator", "CascadeNode", "CascadeTemplate", "CascadeWire"]
        ),
        tests("CascadeCore", [numerics]),
        tests("CascadeRules", ["CascadeCore", "CascadeTestSupport", numerics]),
        tests("CascadeWorker", ["CascadeConstraint", "CascadeCore", "CascadeRules", "CascadeTestSupport"]),
        tests("CascadeClient", ["CascadeCore"]),
        tests("CascadeJSON"),
        tests("CascadeConstraint", ["CascadeJSON"]),
        tests(
            "CascadeCoordinator",
            ["CascadeConstraint", "CascadeCore", "CascadeRules", "CascadeTestSupport", "CascadeWorker", collections]
        ),
        tests(
            "CascadeSimulation",
            [
                "CascadeClient", "CascadeConstraint", "CascadeCore", "CascadeCoordinator", "CascadeRules",
                "CascadeTestSupport", "CascadeWire", "CascadeWorker", "CCascadeBuild",
            ]
        ),
        tests("CascadeTemplate", ["CascadeCore", "CascadeTestSupport", "CascadeText"]),
        tests("CascadeText", ["CascadeCore", "CascadeTemplate", "CascadeTestSupport"]),
        tests(
            "CascadeModel",
            ["CascadeCore", "CascadeTemplate", "CascadeText", "CCascadeKernels", "CascadeTestSupport", numerics]
        ),
        tests("CascadeHost", ["CascadeCore"]),
        tests("CascadeModelFetch", ["CascadeCore", "CascadeHost"]),
        tests("CascadeEval", ["CascadeCore", "CascadeTestSupport"]),
        tests("CascadeWire", ["CascadeCore", "CascadeFuzzing", "CCascadeProto"]),
        tests("CascadeTransport", ["CascadeCore", "CascadeHost", "CascadeTestSupport", "CZeroMQ"]),
        tests("CascadeKeys", ["CascadeCore", "CascadeHost", "CascadeTransport", logging]),
        tests(
            "CascadeGateway",
            [
                "CascadeCore", "CascadeJSON", httpTypes, hummingbird, hummingbirdTesting, lifecycle, logging, nioCore,
                nioPosix, nioSSL,
            ]
        ),
        tests("CascadeStore", [grdb]),
        tests(
            "CascadeNode",
            [
                "CascadeCoordinator", "CascadeCore", "CascadeKeys", "CascadeModel", "CascadeStore",
                "CascadeTemplate", "CascadeTestSupport", "CascadeTransport", "CascadeWire", "CascadeWorker", logging,
            ]
        ),
        tests(
            "CascadeBench",
            ["CascadeCore", "CascadeHost", "CascadeModel", "CascadeNode", "CascadeTestSupport", "CCascadeKernels"]
        ),
        // The executable's own types; what starts it is among the integration tests.
        .testTarget(
            name: "CascadeCommandTests",
            dependencies: [
                "cascade", "CascadeCore", "CascadeKeys", "CascadeNode", "CascadeTestSupport", "CascadeTransport",
                argumentParser,
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "IntegrationTests",
            dependencies: [
                "cascade", "CascadeBench", "CascadeClient", "CascadeCoordinator", "CascadeCore", "CascadeEval",
                "CascadeHost", "CascadeKeys", "CascadeModel", "CascadeNode", "CascadeSimulation", "CascadeTestSupport",
                "CascadeTransport", "CascadeWire", argumentParser, logging, lifecycle,
            ],
            swiftSettings: strict
        ),
    ],
    cLanguageStandard: .c11
)

// The fuzzer needs its own build of everything, with instrumentation: only `deploy/fuzz` asks for it.
if Context.environment["CASCADE_FUZZ"] != nil {
    package.targets.append(
        .executableTarget(
            name: "fuzz",
            dependencies: ["CascadeCore", "CascadeFuzzing"],
            // `main` is libFuzzer's.
            swiftSettings: strict + [.unsafeFlags(["-parse-as-library"])]
        )
    )
}
