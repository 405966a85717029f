using System.ClientModel;
using System.ClientModel.Primitives;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using BestOfN.Core.Generation;
using BestOfN.Data.Samples;
using OpenAI;
using OpenAI.Chat;

namespace BestOfN.Cli.Sample;

/// <summary>A server with the chat completions endpoint as a generator: one call for each answer, with a seed of its own.</summary>
/// <remarks>Calls that fail are tried again by OpenAI's client. Thread-safe.</remarks>
internal sealed class OpenAiServer(Uri url, string model, string? apiKey) : IGenerator
{
    // The client wants a key; a server that asks for none does not read it.
    private readonly ChatClient _client = new(
        model, new ApiKeyCredential(apiKey ?? "none"),
        new OpenAIClientOptions { Endpoint = url, NetworkTimeout = TimeSpan.FromMinutes(10) });

    /// <summary>The server says whether it reads images; it refuses what it does not read.</summary>
    public bool AcceptsPictures => true;

    public IGeneration Start(GenerationRequest request, CancellationToken cancellationToken) =>
        new Calls(_client, request, cancellationToken);

    private sealed class Calls : IGeneration
    {
        private readonly Channel<GenerationEvent> _events = Channel.CreateUnbounded<GenerationEvent>();
        private readonly CancellationTokenSource[] _ends;
        private readonly Task _all;

        public Calls(ChatClient client, GenerationRequest request, CancellationToken cancellationToken)
        {
            _ends = [.. Enumerable.Range(0, request.Candidates)
                .Select(_ => CancellationTokenSource.CreateLinkedTokenSource(cancellationToken))];
            var messages = request.Prompt.Messages.Select(MessageJson.Of).ToArray();
            _all = Task.WhenAll(_ends.Select((end, i) => AnswerAsync(client, request, messages, i, end.Token)))
                .ContinueWith(all => _events.Writer.TryComplete(all.Exception?.InnerException), TaskScheduler.Default);
        }

        public IAsyncEnumerable<GenerationEvent> Events => _events.Reader.ReadAllAsync();

        public void Cancel(int index) => _ends[index].Cancel();

        public async ValueTask DisposeAsync()
        {
            foreach (var end in _ends)
            {
                await end.CancelAsync();
            }

            await _all;
            foreach (var end in _ends)
            {
                end.Dispose();
            }
        }

        private async Task AnswerAsync(
            ChatClient client, GenerationRequest request, JsonNode[] messages, int index, CancellationToken cancellationToken)
        {
            try
            {
                using var body = BinaryContent.Create(BinaryData.FromBytes(Body(request, messages, index)));
                var result = await client.CompleteChatAsync(body, new RequestOptions { CancellationToken = cancellationToken });
                _events.Writer.TryWrite(new CandidateFinished(ToCandidate(index, result.GetRawResponse().Content)));
            }
            catch (Exception e) when (e is ClientResultException or HttpRequestException or InvalidDataException or AggregateException
                || (e is TaskCanceledException && !cancellationToken.IsCancellationRequested))
            {
                _events.Writer.TryWrite(new CandidateFailed(index, new GenerationFailedException(e.Message, e)));
            }
        }

        private static byte[] Body(GenerationRequest request, JsonNode[] messages, int index)
        {
            var sampling = request.Sampling;
            var body = new JsonObject
            {
                ["model"] = request.Model,
                ["messages"] = new JsonArray([.. messages.Select(m => m.DeepClone())]),
                ["temperature"] = sampling.Temperature,
                ["max_tokens"] = sampling.MaxTokens,
                ["seed"] = sampling.Seed is { } seed ? SamplingParameters.SeedOf(seed, index) : null,
            };
            if (sampling.TopP is { } topP)
            {
                body["top_p"] = topP;
            }

            return JsonSerializer.SerializeToUtf8Bytes(body);
        }

        private static Candidate ToCandidate(int index, BinaryData content)
        {
            try
            {
                using var answer = JsonDocument.Parse(content);
                var choice = answer.RootElement.GetProperty("choices")[0];
                var message = choice.GetProperty("message");
                var usage = answer.RootElement.TryGetProperty("usage", out var counted) ? counted : default;
                return new Candidate
                {
                    Index = index,
                    Text = message.GetProperty("content").GetString() ?? "",
                    FinishReason = choice.GetProperty("finish_reason").GetString() ?? "stop",
                    Usage = new(Count(usage, "prompt_tokens"), Count(usage, "completion_tokens")),
                    Message = JsonSerializer.SerializeToUtf8Bytes(message),
                };
            }
            catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or IndexOutOfRangeException)
            {
                throw new InvalidDataException($"the server's answer is not a chat completion: {e.Message}", e);
            }
        }

        private static long Count(JsonElement usage, string name) =>
            usage.ValueKind == JsonValueKind.Object && usage.TryGetProperty(name, out var value) && value.TryGetInt64(out var count)
                ? count : 0;
    }
}
