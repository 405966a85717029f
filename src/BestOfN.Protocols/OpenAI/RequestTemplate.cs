using System.Text.Json;
using BestOfN.Core.Generation;

namespace BestOfN.Protocols.OpenAI;

/// <summary>The client's request, ready to be sent any number of times with another head.</summary>
/// <remarks>
/// Only <c>model</c>, <c>n</c>, <c>seed</c>, <c>stream</c> and <c>stream_options</c> are replaced, <c>best_of_n</c> is taken out, and the
/// token limits are lowered where a token budget asks for it; a limit of null is none and is left out. Everything else, known or not, goes
/// upstream in the client's own bytes, which are shared by all calls.
/// </remarks>
internal sealed class RequestTemplate
{
    /// <summary>Levels of nesting in a request.</summary>
    public const int MaxDepth = 1000;

    private static readonly ReadOnlyMemory<byte> _comma = ","u8.ToArray();
    private static readonly ReadOnlyMemory<byte> _end = "}"u8.ToArray();

    private readonly string _model;
    private readonly List<ReadOnlyMemory<byte>> _kept;
    private readonly List<(string Name, long Value)> _tokenLimits;
    private readonly long? _seed;

    private RequestTemplate(
        string model, List<ReadOnlyMemory<byte>> kept, IReadOnlyList<string> clientFields, List<(string Name, long Value)> tokenLimits,
        long? seed)
    {
        ClientFields = clientFields;
        _model = model;
        _kept = kept;
        _tokenLimits = tokenLimits;
        _seed = seed;
    }

    /// <summary>The client's own fields, less those that every request has or that are replaced.</summary>
    public IReadOnlyList<string> ClientFields { get; }

    /// <summary>Whether the client limits the answer's tokens itself.</summary>
    public bool HasTokenLimit => _tokenLimits.Count > 0;

    public bool HasSeed => _seed is not null;

    /// <exception cref="JsonException">The body is not a JSON object.</exception>
    public static RequestTemplate From(GenerationRequest request)
    {
        var body = request.Body.IsEmpty ? RequestBody.Write(request) : request.Body;
        List<ReadOnlyMemory<byte>> kept = [];
        List<(string, long)> tokenLimits = [];
        List<string> clientFields = [];
        long? seed = null;

        // The schemas of tools may be nested deeply.
        var reader = new Utf8JsonReader(body.Span, new JsonReaderOptions { MaxDepth = MaxDepth });
        reader.Read();
        if (reader.TokenType is not JsonTokenType.StartObject)
        {
            throw new JsonException("The request body is not a JSON object.");
        }

        while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
        {
            var start = (int)reader.TokenStartIndex;
            var isSeed = reader.ValueTextEquals("seed"u8);
            var tokenLimit = reader.ValueTextEquals("max_tokens"u8) || reader.ValueTextEquals("max_completion_tokens"u8)
                ? reader.GetString()
                : null;
            var isReplaced = isSeed || reader.ValueTextEquals("model"u8) || reader.ValueTextEquals("n"u8)
                || reader.ValueTextEquals("stream"u8)
                || reader.ValueTextEquals("stream_options"u8) || reader.ValueTextEquals("best_of_n"u8);
            if (!isReplaced && !reader.ValueTextEquals("messages"u8))
            {
                clientFields.Add(reader.GetString()!);
            }

            reader.Read();
            if (isSeed && reader.TokenType is JsonTokenType.Number && reader.TryGetInt64(out var number))
            {
                seed = number;
            }

            if (tokenLimit is not null && reader.TokenType is JsonTokenType.Number && reader.TryGetDouble(out var limit))
            {
                tokenLimits.Add((tokenLimit, (long)limit));
                isReplaced = true;
            }

            isReplaced |= tokenLimit is not null && reader.TokenType is JsonTokenType.Null;

            reader.Skip();
            if (!isReplaced)
            {
                kept.Add(body[start..(int)reader.BytesConsumed]);
            }
        }

        return new(request.Model, kept, clientFields, tokenLimits, request.Sampling.Seed ?? seed);
    }

    /// <summary>The request for one call.</summary>
    /// <param name="choices">How many choices it asks for.</param>
    /// <param name="first">Index of the first candidate among them: it moves the seed.</param>
    /// <param name="tokensLeft">What the token budget has left; null without one.</param>
    /// <param name="shape">What the upstream takes.</param>
    public HttpContent ForCall(int choices, int first, long? tokensLeft, CallShape shape)
    {
        using var head = new MemoryStream();
        using (var json = new Utf8JsonWriter(head))
        {
            json.WriteStartObject();
            json.WriteString("model"u8, _model);
            if (choices > 1)
            {
                json.WriteNumber("n"u8, choices);
            }

            if (_seed is { } seed)
            {
                json.WriteNumber("seed"u8, SamplingParameters.SeedOf(seed, first));
            }

            if (shape.Streams)
            {
                json.WriteBoolean("stream"u8, true);
                if (shape.ReportsUsage)
                {
                    json.WriteStartObject("stream_options"u8);
                    json.WriteBoolean("include_usage"u8, true);
                    json.WriteEndObject();
                }
            }

            foreach (var (name, value) in _tokenLimits)
            {
                json.WriteNumber(name, Math.Min(value, tokensLeft ?? value));
            }

            if (!HasTokenLimit && shape.TokenLimit is { } limit && tokensLeft is { } left)
            {
                json.WriteNumber(limit, left);
            }

            json.WriteEndObject();
        }

        // The head stays open: its closing brace moves behind what is kept.
        List<ReadOnlyMemory<byte>> segments = [head.ToArray().AsMemory(..^1)];
        foreach (var property in _kept)
        {
            segments.Add(_comma);
            segments.Add(property);
        }

        segments.Add(_end);
        return new SegmentedContent(segments);
    }
}
