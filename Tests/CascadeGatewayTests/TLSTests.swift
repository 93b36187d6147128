import Foundation
import HTTPTypes
import HummingbirdTesting
import NIOCore
import NIOSSL
import ServiceLifecycle
import Testing

@testable import CascadeGateway

/// TLS, and what is wrong with its files.
@Suite struct TLSTests {
    /// Made for these tests, for localhost, until the year 2126.
    private static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBmzCCAUGgAwIBAgIUHEe9YK5g7EifqKIw3/vupW4FPkAwCgYIKoZIzj0EAwIw
        FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEzMDIyNDA0MloYDzIxMjYxMTA2
        MjI0MDQyWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
        PQMBBwNCAAR5lFovBRjpfnIwrQOFRkyPx7pKmtsMNNRPkzmY5BKwyoMsRmdz68MZ
        24rTKdhh4t85bQpbGNANTjAQTvdtciuRo28wbTAdBgNVHQ4EFgQUvOuGzBELSf/7
        DjiK46z5QHsicjcwHwYDVR0jBBgwFoAUvOuGzBELSf/7DjiK46z5QHsicjcwDwYD
        VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
        zj0EAwIDSAAwRQIgOtH3IOC9Ek+4XZAgRyt9NpjIuXDoYgCucsFt6v4DisoCIQDk
        gX3jEBh9GZ6hLytsvrDetpD23o8I+4W4oKe+nEEryw==
        -----END CERTIFICATE-----
        """
    private static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg2QpAg8N6YKDmLWPN
        7+a63H+H/wywEpGH309AWI512qShRANCAAR5lFovBRjpfnIwrQOFRkyPx7pKmtsM
        NNRPkzmY5BKwyoMsRmdz68MZ24rTKdhh4t85bQpbGNANTjAQTvdtciuR
        -----END PRIVATE KEY-----
        """

    private func withFiles(
        _ certificate: String,
        _ key: String,
        _ body: (GatewayConfiguration.TLSFiles) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        let files = (folder.appending(path: "certificate.pem"), folder.appending(path: "key.pem"))
        try Data(certificate.utf8).write(to: files.0)
        try Data(key.utf8).write(to: files.1)
        try await body(.init(certificateChain: files.0.path, privateKey: files.1.path))
    }

    @Test func aChatOverTLS() async throws {
        try await withFiles(Self.certificate, Self.key) { files in
            var trust = TLSConfiguration.makeClientConfiguration()
            trust.trustRoots = .certificates([try NIOSSLCertificate(bytes: Array(Self.certificate.utf8), format: .pem)])
            let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
            var configuration = GatewayConfiguration()
            (configuration.port, configuration.tls) = (0, files)
            let gateway = try Gateway(backend: FakeBackend(), configuration: configuration, logger: quiet) { port in
                continuation.yield(port)
            }
            let group = ServiceGroup(configuration: .init(services: [gateway], logger: quiet))
            async let running: Void = group.run()
            let port = try #require(await ports.first { _ in true })
            let status = try await TestClient.withClient(
                host: "127.0.0.1",
                port: port,
                configuration: .init(tlsConfiguration: trust, serverName: "localhost")
            ) { client in
                try await client.post(
                    "/v1/completions",
                    headers: [.contentType: "application/json"],
                    body: ByteBuffer(string: #"{"prompt":"a","stream":true}"#)
                ).head.status
            }
            #expect(status == .ok)
            await group.triggerGracefulShutdown()
            try await running
        }
    }

    @Test func filesThatAreNone() async throws {
        for (certificate, key, named) in [
            ("nonsense", Self.key, "certificate.pem"), (Self.certificate, "nonsense", "key.pem"),
        ] {
            try await withFiles(certificate, key) { files in
                let error = #expect(throws: GatewayStartError.self) { try Harness { $0.tls = files } }
                #expect(error?.description.contains(named) == true)
            }
        }
    }
}
