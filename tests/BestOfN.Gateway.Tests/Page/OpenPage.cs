using System.Collections.Concurrent;
using Microsoft.Playwright;

namespace BestOfN.Gateway.Tests.Page;

/// <summary>The page in a browser. When it is closed, no request may have left its origin and no script may have failed.</summary>
internal sealed class OpenPage(IBrowserContext context, Uri address) : IAsyncDisposable
{
    // What a test provokes: the browser itself reports each refused request.
    private const string Refused = "Failed to load resource: the server responded with a status of";

    private readonly ConcurrentQueue<string> _errors = new();
    private readonly ConcurrentQueue<string> _requests = new();

    public IPage Page { get; private set; } = null!;

    /// <summary>A part of an error that the test provokes.</summary>
    public string Provoked { get; set; } = Refused;

    public IBrowserContext Context => context;

    public IReadOnlyCollection<string> Requests => _requests;

    public ILocator Question => Page.Locator("#question");

    public ILocator Cards => Page.Locator("#cards > li");

    public ILocator Winner => Page.Locator("#winner-text");

    public ILocator Status => Page.Locator("#status");

    public ILocator Problem => Page.Locator("#problem");

    public ILocator Dialog => Page.Locator("#key-dialog");

    public async Task LoadAsync()
    {
        Page = await context.NewPageAsync();
        Page.Console += (_, message) => Note(message.Type is "error" && !IsProvoked(message.Text), message.Text);
        Page.PageError += (_, message) => Note(true, message);
        Page.Dialog += (_, dialog) => Note(true, $"A dialog was opened: {dialog.Message}");
        Page.Request += (_, request) => _requests.Enqueue(request.Url);
        await Page.GotoAsync(address.ToString());
    }

    /// <summary>Waits until the models can be chosen.</summary>
    public async Task<OpenPage> ReadyAsync()
    {
        await Assertions.Expect(Page.Locator("#model option").First).ToBeAttachedAsync();
        return this;
    }

    /// <summary>Asks something, and comes back at once.</summary>
    public async Task AskAsync(string question, int candidates)
    {
        await ReadyAsync();
        await Question.FillAsync(question);
        await Page.Locator("#candidates").FillAsync($"{candidates}");
        await Page.Locator("#submit").ClickAsync();
    }

    /// <summary>Waits until there is a winner.</summary>
    public Task EndAsync() => Assertions.Expect(Status).ToContainTextAsync("won");

    public async ValueTask DisposeAsync()
    {
        await context.DisposeAsync();
        Assert.Empty(_errors);
        var origin = address.GetLeftPart(UriPartial.Authority) + "/";
        Assert.All(_requests, url => Assert.True(
            url.StartsWith(origin, StringComparison.Ordinal) || url.StartsWith("data:", StringComparison.Ordinal)
            || url.StartsWith("blob:", StringComparison.Ordinal), $"A request left the origin: {url}"));
    }

    private bool IsProvoked(string text) =>
        text.Contains(Refused, StringComparison.Ordinal) || text.Contains(Provoked, StringComparison.Ordinal);

    private void Note(bool isWrong, string text)
    {
        if (isWrong)
        {
            _errors.Enqueue(text);
        }
    }
}
