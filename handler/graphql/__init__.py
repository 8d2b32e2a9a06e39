"""The GraphQL schema and its resolvers. Every decision about a task is made in `lifecycle`."""
