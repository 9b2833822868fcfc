"""Jobs over HTTP, under their recording, for those who may change it."""

from __future__ import annotations

from vtp.http.pagination import PageQuery
from vtp.http.routing import Access, Call, RouteTable
from vtp.jobs.schemas import JobPage, JobReply, JobsQuery, UnfinishedJobs
from vtp.jobs.service import Jobs
from vtp.jobs.transcode_routes import add_transcode_routes
from vtp.jobs.transcoding import Transcoding

PATH = "/api/v1/recordings/{id}/jobs"


def build_routes(jobs: Jobs, transcoding: Transcoding) -> RouteTable:
    """Declares the jobs of recordings."""
    table = RouteTable("jobs", "What is done with recordings when they have ended.")

    @table.get(
        PATH,
        query=PageQuery,
        reply=JobPage,
        summary="List a recording's jobs, newest first",
        errors=(403, 404),
    )
    async def list_jobs(call: Call) -> JobPage:
        query: PageQuery = call.query
        before = query.id_position()
        found = await jobs.page(call.principal, call.path["id"], limit=query.limit + 1, before=before)
        page, next_cursor = query.cut(found)
        return JobPage(items=[JobReply.of(job) for job in page], next_cursor=next_cursor)

    @table.get(
        "/api/v1/jobs",
        query=JobsQuery,
        reply=UnfinishedJobs,
        access=Access.VERIFIED,
        summary="Read what is not done yet, or failed, of up to a hundred recordings",
        description="Of those that the caller may change; nothing is told of others.",
        errors=(403,),
    )
    async def list_unfinished_jobs(call: Call) -> UnfinishedJobs:
        query: JobsQuery = call.query
        found = await jobs.unfinished(call.principal, query.ids)
        return UnfinishedJobs(items=[JobReply.of(job) for job in found])

    @table.post(
        PATH + "/{job_id}/cancel",
        reply=JobReply,
        summary="Cancel a job; the recording stays as it is",
        errors=(403, 404, 409),
    )
    async def cancel_job(call: Call) -> JobReply:
        return JobReply.of(await jobs.cancel(call.principal, call.path["id"], call.path["job_id"]))

    @table.post(
        PATH + "/{job_id}/retry",
        reply=JobReply,
        summary="Try a job again that failed, was cancelled, or waits for its next try",
        errors=(403, 404, 409, 410),
    )
    async def retry_job(call: Call) -> JobReply:
        return JobReply.of(await jobs.retry(call.principal, call.path["id"], call.path["job_id"]))

    add_transcode_routes(table, transcoding)
    return table
