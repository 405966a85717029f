using BestOfN.Gateway.Access;
using BestOfN.Gateway.Selection;

namespace BestOfN.Gateway.Chat;

internal static class ChatCompletionsEndpoints
{
    public static void MapChatCompletions(this IEndpointRouteBuilder routes) => routes.MapPost("/v1/chat/completions", CompleteAsync).WithTags("Chat");

    private static Task CompleteAsync(HttpContext context, Admission admission, RequestPlanner planner, AnswerWriter answers, TimeProvider time) =>
        admission.AnswerAsync(context, async (body, cancellationToken) =>
        {
            var plan = await planner.PlanAsync(ChatRequestReader.Read(body), context.Request.Headers, cancellationToken);
            await answers.WriteAsync(context.Response, plan, new ChatFormat(plan, time.GetUtcNow()), cancellationToken);
        });
}
