// What stands between the marks is the .NET example of docs/api.md, word for word.
// <example>
using System.ClientModel;
using OpenAI;
using OpenAI.Chat;
// </example>

namespace BestOfN.Gateway.Tests.Sdk;

internal static class DocumentedExample
{
    public static void Run()
    {
        // <example>
        var gateway = new OpenAIClientOptions { Endpoint = new("http://127.0.0.1:8080/v1") };
        var client = new ChatClient("pocket@16", new ApiKeyCredential("none"), gateway);
        ChatCompletion answer = client.CompleteChat(new UserChatMessage("Which two of 24 1 28 13 26 21 add up to 47?"));
        Console.WriteLine(answer.Content[0].Text);
        // </example>
    }
}
