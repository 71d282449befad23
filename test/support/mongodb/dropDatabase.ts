import { MongoClient } from "mongodb"

/** Drops the database that the URL names. */
export const dropMongoDatabase = async (url: string): Promise<void> => {
  const client = new MongoClient(url)
  try {
    await client.db().dropDatabase()
  } finally {
    await client.close()
  }
}
