using BestOfN.Core.Generation;
using BestOfN.Protocols.Upstreams;
using Microsoft.Extensions.Logging;

namespace BestOfN.Protocols.OpenAI;

/// <summary>Makes candidates on any server that speaks OpenAI's chat completions: vLLM, SGLang, llama-server, a hosted API.</summary>
/// <remarks>
/// Asks for a stream, so that one candidate can be cancelled alone and a token budget enforced while tokens flow; a server that answers
/// whole is understood too, and one that refuses a stream, the report of its usage or so many choices is asked without (<see
/// cref="LearntShapes"/>). The budget is enforced as tokens are seen, so it can be exceeded by what is on the way. A cancelled candidate
/// closes its call; where several share one call, its part is dropped and the call goes on for the others. A failure's status is the
/// upstream's. Without one: no destination was available, or the inner exception is a <see cref="TimeoutException"/> (no answer in time) or
/// another (no connection, a lost one, no chat completion).
/// </remarks>
public sealed class OpenAIGenerator : IGenerator
{
    private readonly UpstreamClient _client;
    private readonly LearntShapes _shapes;
    private readonly TimeProvider _time;
    private readonly ILogger<OpenAIGenerator> _logger;

    public OpenAIGenerator(UpstreamClient client, ChoiceCalls calls, TimeProvider time, ILogger<OpenAIGenerator> logger)
    {
        _client = client;
        _shapes = new(calls, time);
        _time = time;
        _logger = logger;
    }

    /// <inheritdoc/>
    public IGeneration Start(GenerationRequest request, CancellationToken cancellationToken) =>
        OpenAIGeneration.Start(request, _client, _shapes, _time, _logger, cancellationToken);
}
