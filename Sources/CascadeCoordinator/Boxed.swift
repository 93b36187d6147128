/// A large value that does not change, apart from the value that has it: copies of that stay cheap.
@propertyWrapper
final class Boxed<Value: Sendable>: Sendable {
    let wrappedValue: Value

    init(wrappedValue: Value) {
        self.wrappedValue = wrappedValue
    }
}
