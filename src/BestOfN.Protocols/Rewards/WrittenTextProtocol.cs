using System.Text.Json;
using BestOfN.Core.Prompts;
using BestOfN.Core.Rewards;

namespace BestOfN.Protocols.Rewards;

/// <summary>Servers that are sent prompt and answer as one text, which a chat template wrote: many answers in one call.</summary>
public sealed class WrittenTextProtocol : IRewardProtocol
{
    private readonly Func<IReadOnlyList<ChatMessage>, bool, string> _render;
    private readonly Action<Utf8JsonWriter, IReadOnlyList<string>> _write;
    private readonly Func<JsonElement, int, IReadOnlyList<double>> _read;

    private readonly bool _hasModelInPath;

    /// <param name="render">The chat template: the messages and whether the last is complete.</param>
    private WrittenTextProtocol(
        string path, int maxAnswers, Func<IReadOnlyList<ChatMessage>, bool, string> render,
        Action<Utf8JsonWriter, IReadOnlyList<string>> write, Func<JsonElement, int, IReadOnlyList<double>> read,
        bool hasModelInPath = false) =>
        (Path, MaxAnswers, _render, _write, _read, _hasModelInPath) = (path, maxAnswers, render, write, read, hasModelInPath);

    public int MaxAnswers { get; }

    public bool TakesImages => false;

    public string Path { get; }

    /// <summary>vLLM's <c>/classify</c> with texts.</summary>
    public static WrittenTextProtocol Vllm(Func<IReadOnlyList<ChatMessage>, bool, string> render) => new(
        "/classify", 1024, render,
        (json, texts) =>
        {
            WriteTexts(json, "input", texts);
            json.WriteBoolean("use_activation"u8, false);
            json.WriteBoolean("add_special_tokens"u8, false);
        },
        (body, count) =>
            [.. RewardJson.List(RewardJson.Field(body, "data"), "data", count)
                .Select(each => RewardJson.LastNumber(RewardJson.Field(each, "probs"), "probs"))]);

    /// <summary>SGLang's <c>/classify</c>.</summary>
    public static WrittenTextProtocol Sglang(Func<IReadOnlyList<ChatMessage>, bool, string> render) => new(
        "/classify", 1024, render,
        (json, texts) => WriteTexts(json, "text", texts),
        (body, count) =>
            [.. RewardJson.List(body, "the answer", count)
                .Select(each => RewardJson.LastNumber(RewardJson.Field(each, "embedding"), "embedding"))]);

    /// <summary>OpenRLHF's reward server.</summary>
    public static WrittenTextProtocol OpenRlhf(Func<IReadOnlyList<ChatMessage>, bool, string> render) => new(
        "/get_reward", 1024, render,
        (json, texts) =>
        {
            WriteTexts(json, "query", texts);
            json.WriteStartArray("prompts"u8);
            json.WriteEndArray();
            json.WriteNull("labels"u8);
        },
        (body, count) => [.. RewardJson.List(RewardJson.Field(body, "rewards"), "rewards", count)
            .Select(each => RewardJson.LastNumber(each, "rewards"))]);

    /// <summary>text-embeddings-inference; a batch holds as many texts as its servers allow by default.</summary>
    public static WrittenTextProtocol Tei(Func<IReadOnlyList<ChatMessage>, bool, string> render) => new(
        "/predict", 32, render,
        (json, texts) =>
        {
            json.WriteStartArray("inputs"u8);
            foreach (var text in texts)
            {
                json.WriteStartArray();
                json.WriteStringValue(text);
                json.WriteEndArray();
            }

            json.WriteEndArray();
            json.WriteBoolean("raw_scores"u8, true);
        },
        (body, count) =>
            [.. RewardJson.List(body, "the answer", count)
                .Select(each => RewardJson.LastNumber(
                    RewardJson.Field(RewardJson.List(each, "an input's labels", 1)[0], "score"), "score"))]);

    /// <summary>KServe and Triton, with the tensor <c>sentences</c> of NeMo-Aligner.</summary>
    /// <param name="render">The chat template.</param>
    /// <param name="model">The model's name there, which is part of the path.</param>
    public static WrittenTextProtocol Kserve(Func<IReadOnlyList<ChatMessage>, bool, string> render, string model) => new(
        $"/v2/models/{Uri.EscapeDataString(model)}/infer", 1024, render,
        (json, texts) =>
        {
            json.WriteStartArray("inputs"u8);
            json.WriteStartObject();
            json.WriteString("name"u8, "sentences");
            json.WriteStartArray("shape"u8);
            json.WriteNumberValue(texts.Count);
            json.WriteNumberValue(1);
            json.WriteEndArray();
            json.WriteString("datatype"u8, "BYTES");
            WriteTexts(json, "data", texts);
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteStartArray("outputs"u8);
            json.WriteStartObject();
            json.WriteString("name"u8, "rewards");
            json.WriteEndObject();
            json.WriteEndArray();
        },
        ReadTensor, hasModelInPath: true);

    public void Write(Utf8JsonWriter json, string? model, Prompt prompt, IReadOnlyList<Answer> answers)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentNullException.ThrowIfNull(answers);
        json.WriteStartObject();
        if (model is not null && !_hasModelInPath)
        {
            json.WriteString("model"u8, model);
        }

        _write(json, [.. answers.Select(answer => _render([.. prompt.Messages, answer.ToMessage()], answer.IsComplete))]);
        json.WriteEndObject();
    }

    public IReadOnlyList<double> Read(JsonElement body, int count) => _read(body, count);

    private static List<double> ReadTensor(JsonElement body, int count)
    {
        var outputs = RewardJson.Field(body, "outputs");
        if (outputs.ValueKind is not JsonValueKind.Array)
        {
            throw new RewardShapeException("'outputs' is no list");
        }

        foreach (var output in outputs.EnumerateArray().Where(output => RewardJson.Field(output, "name").ValueEquals("rewards"u8)))
        {
            return [.. RewardJson.List(RewardJson.Field(output, "data"), "data", count)
                .Select(each => RewardJson.LastNumber(each, "data"))];
        }

        throw new RewardShapeException("there is no output 'rewards'");
    }

    private static void WriteTexts(Utf8JsonWriter json, string name, IReadOnlyList<string> texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts)
        {
            json.WriteStringValue(text);
        }

        json.WriteEndArray();
    }
}
