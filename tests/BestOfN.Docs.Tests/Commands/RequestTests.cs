using System.Text.Json;
using BestOfN.Docs.Tests.Json;
using BestOfN.Docs.Tests.Pages;

namespace BestOfN.Docs.Tests.Commands;

/// <summary>Every curl of the documents is sent to a gateway with the pocket models; a JSON block that follows shows its answer.</summary>
public sealed class RequestTests(PocketGateway gateway)
{
    private const string Address = "http://127.0.0.1:8080";

    public static TheoryData<string> Places => [.. Requests().Select(request => request.Command.Place)];

    [Theory]
    [MemberData(nameof(Places))]
    public async Task The_answer_is_the_one_shown(string place)
    {
        var (command, block) = Requests().First(request => request.Command.Place == place);
        var (path, headers, body) = Read(command);
        using var request = new HttpRequestMessage(body is null ? HttpMethod.Get : HttpMethod.Post, new Uri(path, UriKind.Relative));
        if (body is not null)
        {
            request.Content = new StringContent(body);
            request.Content.Headers.ContentType = null;
        }

        foreach (var (name, value) in headers)
        {
            Assert.True(
                request.Headers.TryAddWithoutValidation(name, value) || request.Content!.Headers.TryAddWithoutValidation(name, value),
                name);
        }

        using var response = await gateway.Client.SendAsync(request, TestContext.Current.CancellationToken);
        var answer = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        if (block.Next is { Language: "json" } shown && shown.Number < block.Number + block.Text.Split('\n').Length + 8)
        {
            using var expected = JsonDocument.Parse(shown.Text);
            using var actual = JsonDocument.Parse(answer);
            PageTests.AssertNone(JsonShape.Differences(expected.RootElement, actual.RootElement));
        }
        else
        {
            Assert.True(response.IsSuccessStatusCode, answer);
        }
    }

    private static IEnumerable<(ShellCommand Command, Block Block)> Requests() =>
        from page in Page.All
        from block in page.Blocks
        where block.Language == "sh"
        from command in ShellCommand.Parse(block.Text, block.Place)
        where command.Program == "curl"
        select (command, block);

    private static (string Path, List<(string Name, string Value)> Headers, string? Body) Read(ShellCommand command)
    {
        string? path = null, body = null;
        List<(string, string)> headers = [];
        for (var i = 1; i < command.Words.Count; i++)
        {
            switch (command.Words[i])
            {
                case "-s" or "-i" or "-si" or "-N" or "-sN":
                    break;
                case "-H":
                    var header = command.Words[++i].Split(':', 2);
                    headers.Add((header[0], header[1].Trim()));
                    break;
                case "-d":
                    body = command.Words[++i];
                    body = body.StartsWith('@') ? File.ReadAllText(Repository.PathOf(body[1..])) : body;
                    break;
                case var url when url.StartsWith(Address, StringComparison.Ordinal):
                    path = url[Address.Length..];
                    break;
                case var other:
                    Assert.Fail($"{command.Place}: '{other}' is not understood by this test.");
                    break;
            }
        }

        return (path!, headers, body);
    }
}
