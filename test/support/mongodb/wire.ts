/**
 * The frames of MongoDB's wire protocol, as far as today's drivers send them: OP_MSG for every command and OP_QUERY for
 * the first `hello`. A frame is one command; the documents of its sequence sections are put into the command's body,
 * where the database functions expect them.
 */
import * as Bson from "bson"
import type { Socket } from "node:net"

export type Document = Bson.Document

const headerLength = 16
const opReply = 1
const opQuery = 2004
const opMessage = 2013
const checksumPresent = 1
const moreToCome = 2

/** Numbers, binary data and regular expressions keep their BSON type, so that nothing changes on its way through. */
export const decode = (bytes: Uint8Array): Document =>
  Bson.deserialize(bytes, { promoteValues: false, promoteLongs: false, promoteBuffers: false, bsonRegExp: true })

export const encode = (document: Document): Buffer => Buffer.from(Bson.serialize(document, { ignoreUndefined: true }))

export interface Request {
  readonly command: Document
  /** Absent when the client asked for no reply. */
  readonly reply?: (answer: Document) => Buffer
}

/** Complete frames of a connection, in order. */
export async function* frames(socket: Socket): AsyncGenerator<Buffer> {
  let chunks: Array<Buffer> = []
  let size = 0
  for await (const chunk of socket) {
    if (!Buffer.isBuffer(chunk)) continue
    chunks.push(chunk)
    size += chunk.length
    for (let wanted = frameLength(chunks); wanted !== undefined && size >= wanted; wanted = frameLength(chunks)) {
      const all = Buffer.concat(chunks)
      yield all.subarray(0, wanted)
      chunks = all.length > wanted ? [all.subarray(wanted)] : []
      size = all.length - wanted
    }
  }
}

/** Undefined until four bytes are there. */
const frameLength = (chunks: Array<Buffer>): number | undefined => {
  if (chunks.length > 1 && (chunks[0]?.length ?? 0) < 4) chunks.splice(0, chunks.length, Buffer.concat(chunks))
  const [first] = chunks
  return first === undefined || first.length < 4 ? undefined : first.readInt32LE(0)
}

/** What one frame asks, and how to answer it. */
export const parse = (frame: Buffer): Request => {
  const id = frame.readInt32LE(4)
  const operation = frame.readInt32LE(12)
  if (operation === opQuery) return parseQuery(frame, id)
  if (operation !== opMessage) throw new Error(`unknown operation ${operation}`)

  const flags = frame.readUInt32LE(headerLength)
  const end = frame.length - (flags & checksumPresent ? 4 : 0)
  let command: Document = {}
  const sequences: Document = {}
  let at = headerLength + 4
  while (at < end) {
    const isSequence = frame[at] === 1
    const length = frame.readInt32LE(at + 1)
    const section = frame.subarray(at + 1, at + 1 + length)
    if (isSequence) Object.assign(sequences, parseSequence(section))
    else command = decode(section)
    at += 1 + length
  }
  Object.assign(command, sequences)
  return flags & moreToCome ? { command } : { command, reply: (answer) => messageReply(id, answer) }
}

/** Length, a name that ends with zero, then documents one after the other. */
const parseSequence = (section: Buffer): Document => {
  const nameEnd = section.indexOf(0, 4)
  const documents: Array<Document> = []
  let at = nameEnd + 1
  while (at < section.length) {
    const length = section.readInt32LE(at)
    documents.push(decode(section.subarray(at, at + length)))
    at += length
  }
  return { [section.toString("utf8", 4, nameEnd)]: documents }
}

const parseQuery = (frame: Buffer, id: number): Request => {
  const documentAt = frame.indexOf(0, headerLength + 4) + 1 + 8
  const length = frame.readInt32LE(documentAt)
  const command = decode(frame.subarray(documentAt, documentAt + length))
  return { command: { ...command, $db: "admin" }, reply: (answer) => queryReply(id, answer) }
}

const header = (length: number, responseTo: number, operation: number) => {
  const bytes = Buffer.alloc(headerLength)
  bytes.writeInt32LE(length, 0)
  bytes.writeInt32LE(responseTo, 8)
  bytes.writeInt32LE(operation, 12)
  return bytes
}

/** No flags, one section of kind 0: the body. */
const messageReply = (id: number, answer: Document) => {
  const body = encode(answer)
  const prefix = Buffer.alloc(5)
  return Buffer.concat([header(headerLength + prefix.length + body.length, id, opMessage), prefix, body])
}

/** Flags "await capable", no cursor, one document. */
const queryReply = (id: number, answer: Document) => {
  const body = encode(answer)
  const prefix = Buffer.alloc(20)
  prefix.writeInt32LE(8, 0)
  prefix.writeInt32LE(1, 16)
  return Buffer.concat([header(headerLength + prefix.length + body.length, id, opReply), prefix, body])
}
