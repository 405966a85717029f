using BestOfN.Gateway.Access;
using BestOfN.Gateway.Selection;

namespace BestOfN.Gateway.Chat;

internal static class ChatCompletionsEndpoints
{
    public static void MapChatCompletions(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/v1/chat/completions", CompleteAsync).WithTags("Chat");

    private static Task CompleteAsync(
        HttpContext context, Admission admission, RequestPreparation preparation, AnswerWriter answers, TimeProvider time) =>
        admission.AnswerAsync(context, async (body, cancellationToken) =>
        {
            var request = await preparation.PrepareAsync(ChatRequestReader.Read(body), context.Request.Headers, cancellationToken);
            await answers.WriteAsync(context.Response, request, new ChatFormat(request, time.GetUtcNow()), cancellationToken);
        });
}
