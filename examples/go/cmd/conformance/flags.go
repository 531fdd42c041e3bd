package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"flag"
	"fmt"
	"os"

	"google.golang.org/grpc/credentials"

	"example.com/learning-sidecar/clients/go/sidecar"
)

func optionsOfFlags() (options sidecar.Options, err error) {
	flag.StringVar(&options.Target, "target", "", "")
	flag.StringVar(&options.ClientID, "client-id", "", "")
	flag.StringVar(&options.TokenFile, "token-file", "", "")
	defaults := flag.String("defaults", "{}", "")
	ca := flag.String("tls-ca", "", "")
	certificate := flag.String("tls-certificate", "", "")
	key := flag.String("tls-key", "", "")
	serverName := flag.String("tls-server-name", "", "")
	flag.Parse()
	if err := json.Unmarshal([]byte(*defaults), &options.Defaults); err != nil {
		return options, err
	}
	if *ca == "" {
		return options, nil
	}
	pem, err := os.ReadFile(*ca)
	if err != nil {
		return options, err
	}
	config := &tls.Config{ServerName: *serverName, RootCAs: x509.NewCertPool()}
	if !config.RootCAs.AppendCertsFromPEM(pem) {
		return options, fmt.Errorf("no certificate in %s", *ca)
	}
	if *certificate != "" {
		pair, err := tls.LoadX509KeyPair(*certificate, *key)
		if err != nil {
			return options, err
		}
		config.Certificates = []tls.Certificate{pair}
	}
	options.Credentials = credentials.NewTLS(config)
	return options, nil
}
