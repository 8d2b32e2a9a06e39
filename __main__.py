"""The Pulumi program: reads the stack's config, creates the component, exports the outputs."""

import pulumi

from infra import BackgroundTasks, config

tasks = BackgroundTasks("background-tasks", config.arguments())
config.refuse_another_region(tasks.state_machine_arn)

pulumi.export("apiUrl", tasks.api_url)
pulumi.export("eventBusName", tasks.event_bus_name)
pulumi.export("stateMachineArn", tasks.state_machine_arn)
pulumi.export("tableName", tasks.table_name)
pulumi.export("payloadBucketName", tasks.payload_bucket_name)
pulumi.export("workerFunctionName", tasks.worker_function_name)
pulumi.export("apiFunctionName", tasks.api_function_name)
pulumi.export("recoveryFunctionName", tasks.recovery_function_name)
pulumi.export("deadLetterQueueUrl", tasks.dead_letter_queue_url)
pulumi.export("console", tasks.console)
pulumi.export("dashboardUrl", tasks.dashboard_url)
