/** RabbitMQ as it sees itself: the queues of hints and of the event spine, connections, memory and disk. */
import type { Dashboard } from "./Dashboard.ts"

const ours = `queue=~"odto\\\\..+"`

export const rabbitMq: Dashboard = {
  uid: "odto-rabbitmq",
  title: "Observatory: RabbitMQ",
  about: "The broker as it sees itself. It carries hints and events; nothing is lost when it is emptied.",
  variables: [],
  rows: [
    {
      title: "Messages",
      panels: [
        {
          title: "Ready by queue",
          about:
            "Waiting for a consumer. Hints stay few: the window bounds them. The archive's queue grows while MongoDB is away.",
          kind: "timeseries",
          unit: "short",
          queries: [{ expr: `sum by (queue) (rabbitmq_detailed_queue_messages_ready{${ours}})`, legend: "{{queue}}" }]
        },
        {
          title: "Unacknowledged by queue",
          about: "With a consumer.",
          kind: "timeseries",
          unit: "short",
          queries: [{ expr: `sum by (queue) (rabbitmq_detailed_queue_messages_unacked{${ours}})`, legend: "{{queue}}" }]
        },
        {
          title: "Consumers by queue",
          about: "None on a queue of hints means that no worker takes the type.",
          kind: "timeseries",
          unit: "none",
          queries: [{ expr: `sum by (queue) (rabbitmq_detailed_queue_consumers{${ours}})`, legend: "{{queue}}" }]
        }
      ]
    },
    {
      title: "Flow",
      panels: [
        {
          title: "Messages per second",
          about: "Received from publishers, confirmed to them, delivered to consumers and acknowledged by them.",
          kind: "timeseries",
          unit: "ops",
          queries: [
            { expr: "sum(rate(rabbitmq_global_messages_received_total[$__rate_interval]))", legend: "received" },
            { expr: "sum(rate(rabbitmq_global_messages_confirmed_total[$__rate_interval]))", legend: "confirmed" },
            { expr: "sum(rate(rabbitmq_global_messages_delivered_total[$__rate_interval]))", legend: "delivered" },
            {
              expr: "sum(rate(rabbitmq_global_messages_acknowledged_total[$__rate_interval]))",
              legend: "acknowledged"
            }
          ]
        },
        {
          title: "Hints sent again, and messages that nobody could read",
          about: "Few hints now and then are normal; messages that cannot be decoded come from elsewhere.",
          kind: "timeseries",
          unit: "ops",
          queries: [
            { expr: "sum(rate(odto_jobs_resent_total[$__rate_interval])) or vector(0)", legend: "sent again" },
            {
              expr: "sum(rate(odto_messages_undecodable_total[$__rate_interval])) or vector(0)",
              legend: "undecodable"
            }
          ]
        }
      ]
    },
    {
      title: "Node",
      panels: [
        {
          title: "Connections and channels",
          about: "Of all clients.",
          kind: "timeseries",
          unit: "short",
          queries: [
            { expr: "sum(rabbitmq_connections)", legend: "connections" },
            { expr: "sum(rabbitmq_channels)", legend: "channels" }
          ]
        },
        {
          title: "Memory",
          about: "At the limit the node blocks publishers.",
          kind: "timeseries",
          unit: "bytes",
          queries: [
            { expr: "sum by (instance) (rabbitmq_process_resident_memory_bytes)", legend: "{{instance}}" },
            { expr: "sum by (instance) (rabbitmq_resident_memory_limit_bytes)", legend: "{{instance}} limit" }
          ]
        },
        {
          title: "Free disk",
          about: "Below the limit the node blocks publishers.",
          kind: "timeseries",
          unit: "bytes",
          queries: [
            { expr: "sum by (instance) (rabbitmq_disk_space_available_bytes)", legend: "{{instance}}" },
            { expr: "sum by (instance) (rabbitmq_disk_space_available_limit_bytes)", legend: "{{instance}} limit" }
          ]
        }
      ]
    }
  ]
}
