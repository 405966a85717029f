using System.Text.Json;
using BestOfN.Core.Failures;
using BestOfN.Core.Prompts;
using BestOfN.Core.Rewards;

namespace BestOfN.Protocols.Rewards;

/// <summary>
/// The rerank route of Cohere, Jina and vLLM: one question of text, whose answers are the documents. Its scores lie in 0..1.
/// </summary>
public sealed class RerankProtocol : IRewardProtocol
{
    public int MaxAnswers => 1000;

    public bool TakesImages => false;

    public string Path => "/v1/rerank";

    public void Write(Utf8JsonWriter json, string? model, Prompt prompt, IReadOnlyList<Answer> answers)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentNullException.ThrowIfNull(answers);
        if (prompt.Messages is not [{ Role: "user" } question])
        {
            throw new ScoringFailedException(new Failure(
                FailureKind.InvalidRequest,
                    "A reward model behind a rerank route reads one question; the conversation has more messages."));
        }

        json.WriteStartObject();
        if (model is not null)
        {
            json.WriteString("model"u8, model);
        }

        json.WriteString("query"u8, question.Text);
        json.WriteStartArray("documents"u8);
        foreach (var answer in answers)
        {
            json.WriteStringValue(answer.Text);
        }

        json.WriteEndArray();
        json.WriteNumber("top_n"u8, answers.Count);
        json.WriteBoolean("return_documents"u8, false);
        json.WriteEndObject();
    }

    public IReadOnlyList<double> Read(JsonElement body, int count) =>
        RewardJson.Placed(RewardJson.Field(body, "results"), "results", "relevance_score", count);
}
