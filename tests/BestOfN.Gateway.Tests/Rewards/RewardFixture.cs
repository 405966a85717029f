using System.Text;
using System.Text.Json;
using BestOfN.Gateway.Configuration;
using BestOfN.Testing;

namespace BestOfN.Gateway.Tests.Rewards;

/// <summary>A request of a real client, what it has to mean, and the answer that the client can read.</summary>
internal sealed class RewardFixture(JsonElement fixture)
{
    public const string Folder = "reward-protocols";

    /// <summary>The files of all fixtures of requests, relative to their folder.</summary>
    public static IEnumerable<string> Files => Directory.EnumerateFiles(GoldenFiles.Folder(Folder), "*.json", SearchOption.AllDirectories)
        .Select(path => Path.GetRelativePath(GoldenFiles.Folder(Folder), path))
            .Where(path => !path.StartsWith("prompt-text", StringComparison.Ordinal))
        .Order(StringComparer.Ordinal);

    public static RewardFixture Read(string file) => new(GoldenFiles.Read(Folder, file));

    public FixtureJudge Judge()
    {
        var (name, settings) = fixture.GetProperty("setup").GetProperty("reward_models").EnumerateObject()
            .Select(each => (each.Name, each.Value)).First();
        return new(
            name,
            settings.GetProperty("labels")[0].GetString()!,
            [.. fixture.GetProperty("items").EnumerateArray()],
            [.. fixture.GetProperty("scores").EnumerateArray().Select(score => score.GetDouble())]);
    }

    /// <summary>The settings that the fixture names in snake case, as paths of the configuration.</summary>
    public (string Path, string Value)[] Settings()
    {
        var setup = fixture.GetProperty("setup");
        var judge = setup.GetProperty("reward_models").EnumerateObject().First().Name;
        List<(string, string)> settings =
        [
            ("BestOfN:RewardServer:Enabled", "true"),
            ($"BestOfN:RewardModels:{judge}:Path", "."),

            // The note of its fixture says that the route is off by default; its setup does not switch it on.
            ("BestOfN:RewardServer:SwiftChatRewards", fixture.GetProperty("dialect").GetString() == "ms-swift" ? "true" : "false"),
        ];
        foreach (var setting in setup.EnumerateObject().Where(each => each.Name != "reward_models"))
        {
            var name = string.Concat(setting.Name.Split('_').Select(word => char.ToUpperInvariant(word[0]) + word[1..]));
            var section = typeof(RewardServerOptions).GetProperty(name) is not null ? "RewardServer"
                : typeof(RewardModelOptions).GetProperty(name) is not null ? $"RewardModels:{judge}"
                : throw new InvalidOperationException($"There is no setting {name} for {setting.Name}.");
            settings.Add(($"BestOfN:{section}:{name}", setting.Value.ToString()));
        }

        return [.. settings];
    }

    public HttpRequestMessage Request()
    {
        var sent = fixture.GetProperty("request");
        var request = new HttpRequestMessage(new HttpMethod(sent.GetProperty("method").GetString()!), sent.GetProperty("path").GetString());
        if (sent.TryGetProperty("body", out var body))
        {
            request.Content = new StringContent(body.GetRawText(), Encoding.UTF8, "application/json");
        }
        else if (sent.TryGetProperty("body_base64", out var bytes))
        {
            request.Content = new ByteArrayContent(Convert.FromBase64String(bytes.GetString()!));
        }

        if (sent.TryGetProperty("headers", out var headers))
        {
            foreach (var header in headers.EnumerateObject())
            {
                if (!request.Headers.TryAddWithoutValidation(header.Name, header.Value.GetString()))
                {
                    request.Content!.Headers.Remove(header.Name);
                    request.Content.Headers.TryAddWithoutValidation(header.Name, header.Value.GetString());
                }
            }
        }

        return request;
    }

    public async Task CheckAsync(HttpResponseMessage response, FixtureJudge judge)
    {
        var expected = fixture.GetProperty("expected");
        var bytes = await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);
        var text = Encoding.UTF8.GetString(bytes);
        Assert.True(expected.GetProperty("status").GetInt32() == (int)response.StatusCode, $"{(int)response.StatusCode}: {text}");
        if (expected.TryGetProperty("headers", out var headers))
        {
            foreach (var header in headers.EnumerateObject())
            {
                Assert.Null(ExpectedJson.Difference(header.Value, Header(response, header.Name), header.Name));
            }
        }

        if (expected.TryGetProperty("binary", out var binary))
        {
            var length = int.Parse(Header(response, "Inference-Header-Content-Length")!.Value.GetString()!, null);
            Assert.Null(ExpectedJson.Difference(binary.GetProperty("json"), JsonDocument.Parse(bytes.AsMemory(0, length)).RootElement));
            Assert.Equal(binary.GetProperty("tail_base64").GetString(), Convert.ToBase64String(bytes.AsSpan(length)));
        }
        else if (expected.GetProperty("body") is { ValueKind: not JsonValueKind.String } body)
        {
            Assert.Null(ExpectedJson.Difference(body, JsonDocument.Parse(bytes).RootElement));
        }

        Assert.Equal(response.IsSuccessStatusCode ? fixture.GetProperty("items").GetArrayLength() : 0, judge.Asked);
    }

    private static JsonElement? Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) || response.Content.Headers.TryGetValues(name, out values)
            ? JsonSerializer.SerializeToElement(values.First()) : null;
}
