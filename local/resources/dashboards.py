"""CloudWatch dashboards."""

from local.resources.declaration import Account, Declaration, Values
from local.resources.resource_type import ResourceType, putting


def _put(account: Account, declared: Declaration) -> Values:
    name = declared.physical_name("dashboardName")
    account.client("cloudwatch").put_dashboard(
        DashboardName=name, DashboardBody=declared.require("dashboardBody")
    )
    arn = f"arn:aws:cloudwatch::{account.id}:dashboard/{name}"
    return {"id": name, "dashboardName": name, "dashboardArn": arn}


DASHBOARD = ResourceType(
    create=_put,
    update=putting(_put),
    delete=lambda account, before: account.client("cloudwatch").delete_dashboards(
        DashboardNames=[before.id]
    ),
    find=lambda account, before: account.client("cloudwatch").get_dashboard(
        DashboardName=before.id
    ),
    fixed=("dashboardName",),
)
