using BestOfN.Gateway.Access;
using BestOfN.Gateway.Configuration;
using BestOfN.Gateway.Requests;
using BestOfN.Gateway.Streaming;
using Microsoft.Extensions.Options;

namespace BestOfN.Gateway.Chat;

internal static class ChatCompletionsEndpoints
{
    public static void MapChatCompletions(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/v1/chat/completions", CompleteAsync).WithTags("Chat").RequireRateLimiting(AccessServices.Generating);

    private static async Task CompleteAsync(
        HttpContext context, RequestPlanner planner, AnswerWriter answers, TimeProvider time, IOptions<BestOfNOptions> options, CancellationToken cancellationToken)
    {
        var body = await RequestBody.ReadAsync(context.Request, options.Value.MaxRequestBodyBytes, cancellationToken);
        var plan = await planner.PlanAsync(ChatRequestReader.Read(body), context.Request.Headers, cancellationToken);
        await answers.WriteAsync(context.Response, plan, new ChatFormat(plan, time.GetUtcNow()), cancellationToken);
    }
}
