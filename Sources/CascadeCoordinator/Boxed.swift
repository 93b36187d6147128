/// A large value that most do not have, apart from the value that has it: copies of that stay cheap.
final class Boxed<Value: Sendable>: Sendable {
    let value: Value

    init(_ value: Value) {
        self.value = value
    }
}
