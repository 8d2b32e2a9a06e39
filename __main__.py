"""The Pulumi program: reads the settings, creates the components, exports the outputs."""

import pulumi

from infra import bundle
from infra.background_tasks import BackgroundTasks, BackgroundTasksArgs
from infra.provider import provider
from infra.settings import Settings

settings = Settings.from_pulumi()
tasks = BackgroundTasks(
    settings.project,
    BackgroundTasksArgs(
        settings=settings, code=bundle.archive(settings), definitions=bundle.definitions()
    ),
    pulumi.ResourceOptions(providers=[provider(settings)]),
)

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
