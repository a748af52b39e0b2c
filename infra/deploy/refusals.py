"""Why a deployment is not done, each with what to do about it."""


class NotDeployed(Exception):
    """Nothing was changed, or not all of it; the message says why and what to do."""


class NothingToChange(Exception):
    """The stack is already what was asked for."""


def stuck_stack(stack_name: str, status: str, reason: str = "") -> NotDeployed | None:
    """What is to be done before a stack in that status can be changed; None when it can be.

    The statuses are those of CloudFormation's DescribeStacks.
    """
    told = f" ({reason})" if reason else ""
    command = "aws cloudformation"
    if status in ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED"):
        remedy = (
            "its creation failed and was undone. It serves nobody: delete it, then deploy again\n"
            f"  {command} delete-stack --stack-name {stack_name}\n"
            f"  {command} wait stack-delete-complete --stack-name {stack_name}\n"
            "tables, queues and a bucket that it kept are in the way then: see docs/deploy.md, "
            "Tearing down"
        )
    elif status == "UPDATE_ROLLBACK_FAILED":
        remedy = (
            "an update failed, and so did undoing it. See what failed, mend it, then go on\n"
            f"  {command} describe-stack-events --stack-name {stack_name}\n"
            f"  {command} continue-update-rollback --stack-name {stack_name}"
        )
    elif status == "DELETE_FAILED":
        remedy = (
            "it could not be deleted whole. See what is left, and delete it again\n"
            f"  {command} describe-stack-events --stack-name {stack_name}"
        )
    elif status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS":
        remedy = (
            "somebody is changing it just now. Wait until that is over\n"
            f"  {command} describe-stack-events --stack-name {stack_name}"
        )
    else:
        return None
    return NotDeployed(f"stack {stack_name} is {status}{told}: {remedy}")
