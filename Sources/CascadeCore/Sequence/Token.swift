/// A token id: an index into the vocabulary that every model of a pool shares.
package typealias Token = UInt32
